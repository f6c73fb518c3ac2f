//! The page as HTML. maud escapes everything that is not written here: names, plans and hosts are anyone's words.

use std::ptr;
use std::sync::Arc;

use maud::{DOCTYPE, Markup, PreEscaped, html};

use crate::page::controls::{counters, plan_form};
use crate::page::text::plan_or_none;
use crate::site::Site;

/// The page of a server at one moment.
pub(super) struct Page<'a> {
    pub(super) site: &'a Site,
    /// All servers of the group, this one among them, and their ports.
    pub(super) servers: &'a [(u16, Arc<Site>)],
    /// The host name by which the visitor addresses this machine.
    pub(super) host: &'a str,
    pub(super) access: Access<'a>,
    /// By which the browser knows the script and the style sheet.
    pub(super) nonce: &'a str,
}

/// What the visitor may do, and has just done.
#[derive(Clone, Copy)]
pub(super) enum Access<'a> {
    /// Nothing, for this reason.
    Closed(&'static str),
    /// Watch the numbers, change the plan.
    Open,
    /// The same, and has typed a plan that was refused.
    PlanRefused { typed: &'a str, why: &'a str },
}

impl Page<'_> {
    /// Returns the whole document.
    pub(super) fn render(&self) -> Markup {
        let Self { site, nonce, .. } = self;
        html! {
            (DOCTYPE)
            html lang="en" {
                head {
                    meta charset="utf-8";
                    meta name="viewport" content="width=device-width, initial-scale=1";
                    title { (site.name) " test server" }
                    (self.icon())
                    style nonce=(nonce) { (PreEscaped(include_str!("page.css"))) }
                }
                body {
                    main {
                        h1 { (site.name) " test server" }
                        (self.state())
                        (self.controls())
                        (self.gallery())
                    }
                    // Closed, there is nothing to watch.
                    @if !self.is_closed() {
                        script nonce=(nonce) { (PreEscaped(include_str!("page.js"))) }
                    }
                }
            }
        }
    }

    /// Without one a browser asks for `/favicon.ico` and complains that there is none.
    fn icon(&self) -> Markup {
        let has_icon = !self.is_closed() && self.site.images.find("br").is_some();
        html! { @if has_icon { link rel="icon" type="image/gif" href="/__flag/br.gif"; } }
    }

    fn is_closed(&self) -> bool {
        matches!(self.access, Access::Closed(_))
    }

    /// What changes with the plan; the script puts this part anew.
    fn state(&self) -> Markup {
        let Self { site, servers, .. } = self;
        let plan = site.plan();
        html! {
            div #state {
                p #plan-in-words { (site.name) " " (plan.describe()) "." }
                dl .facts {
                    div { dt { "Plan" } dd { code #plan-now { (plan_or_none(&plan)) } } }
                    div { dt { "Seed" } dd { code { (site.seed) } } }
                    div { dt { "Flags" } dd { (site.images.count()) " at " code { "/flags/{cc}/{cc}.gif" } } }
                }
                @if servers.len() > 1 {
                    h2 #servers-title { "All servers here" }
                    ul #servers aria-labelledby="servers-title" {
                        @for (port, server) in *servers { (self.server(*port, server)) }
                    }
                }
            }
        }
    }

    fn server(&self, port: u16, server: &Site) -> Markup {
        let (name, words) = (&server.name, server.plan().describe());
        html! {
            li {
                @if ptr::eq(server, self.site) {
                    strong aria-current="page" { (name) } ", this one, on port " (port) " " (words)
                } @else {
                    a href={ "http://" (self.host) ":" (port) "/" } { (name) } " on port " (port) " " (words)
                }
            }
        }
    }

    fn controls(&self) -> Markup {
        let (plan, why_refused) = match self.access {
            Access::Closed(why) => {
                return html! {
                    p #closed .faint { "Counters and another plan are not to be had here; " (why) "." }
                };
            }
            Access::Open => (&*self.site.plan().to_string(), None),
            Access::PlanRefused { typed, why } => (typed, Some(why)),
        };
        html! {
            (counters(&self.site.counters.stats()))
            (plan_form(plan, why_refused))
        }
    }

    fn gallery(&self) -> Markup {
        let codes = self.site.images.codes();
        // The images have a path of their own, where they are not counted, and it is closed as well.
        let closed = self.is_closed();
        html! {
            h2 #gallery-title { (codes.len()) " flags" }
            p .faint { "Each leads to the flag as a client gets it: under the plan, and counted." }
            ul #gallery class=[closed.then_some("codes-only")] aria-labelledby="gallery-title" {
                @for code in codes {
                    @let upper = code.to_uppercase();
                    li {
                        a href={ "/flags/" (code) "/" (code) ".gif" } {
                            @if !closed {
                                // The size at which they are drawn, whatever the size of the file: nothing jumps when
                                // they arrive.
                                img src={ "/__flag/" (code) ".gif" } alt={ "flag of " (upper) } width="72" height="52"
                                    loading="lazy" decoding="async";
                            }
                            // What the image says already is not read out once more.
                            span .code aria-hidden=[(!closed).then_some("true")] { (upper) }
                        }
                    }
                }
            }
        }
    }
}

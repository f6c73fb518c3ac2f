//! The page as HTML. Names, plans and hosts are untrusted text, which maud escapes.

use std::ptr;
use std::sync::Arc;

use maud::{DOCTYPE, Markup, PreEscaped, html};

use crate::site::Site;
use crate::site::page::controls::{counters, plan_form};
use crate::site::page::text::plan_or_none;

/// The page of a server at one moment.
pub(super) struct Page<'a> {
    pub(super) site: &'a Site,
    /// All servers of the group, including this one, with their ports.
    pub(super) servers: &'a [(u16, Arc<Site>)],
    /// The host name by which the visitor addresses this machine.
    pub(super) host: &'a str,
    pub(super) access: Access<'a>,
    /// The nonce by which the browser accepts the script and the style sheet.
    pub(super) nonce: &'a str,
}

/// The visitor's permissions, and the result of the last form.
#[derive(Clone, Copy)]
pub(super) enum Access<'a> {
    /// The control paths are closed to the visitor, for this reason.
    Closed(&'static str),
    /// The visitor may read the counters and change the plan.
    Open,
    /// The same, and the plan that the visitor sent was refused.
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
                    // If the control paths are closed, the script has nothing to update.
                    @if !self.is_closed() {
                        script nonce=(nonce) { (PreEscaped(include_str!("page.js"))) }
                    }
                }
            }
        }
    }

    /// Returns the icon. Without one, browsers request `/favicon.ico` and log an error when it is missing.
    fn icon(&self) -> Markup {
        let has_icon = !self.is_closed() && self.site.images.find("br").is_some();
        html! { @if has_icon { link rel="icon" type="image/gif" href="/__flag/br.gif"; } }
    }

    fn is_closed(&self) -> bool {
        matches!(self.access, Access::Closed(_))
    }

    /// Returns the part that depends on the plan. The script replaces it when the plan changes.
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
                    h2 #servers-title { "All servers of this group" }
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
                    strong aria-current="page" { (name) } " (this server) on port " (port) " " (words)
                } @else {
                    a href={ (server.scheme()) "://" (self.host) ":" (port) "/" } { (name) } " on port " (port) " " (words)
                }
            }
        }
    }

    fn controls(&self) -> Markup {
        let (plan, why_refused) = match self.access {
            Access::Closed(why) => {
                return html! {
                    p #closed .faint { "Counters and plan changes are disabled: " (why) "." }
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
        // The images come from a control path, where they are not counted. It may be closed as well.
        let closed = self.is_closed();
        html! {
            h2 #gallery-title { (codes.len()) " flags" }
            p .faint { "Each link requests the flag as a client does: the plan applies and the request is counted." }
            ul #gallery class=[closed.then_some("codes-only")] aria-labelledby="gallery-title" {
                @for code in codes {
                    @let upper = code.to_uppercase();
                    li {
                        a href={ "/flags/" (code) "/" (code) ".gif" } {
                            @if !closed {
                                // A fixed size, independent of the file, so that the layout does not move when the
                                // images load.
                                img src={ "/__flag/" (code) ".gif" } alt={ "flag of " (upper) } width="72" height="52"
                                    loading="lazy" decoding="async";
                            }
                            // Hidden from screen readers, because the image already has this text.
                            span .code aria-hidden=[(!closed).then_some("true")] { (upper) }
                        }
                    }
                }
            }
        }
    }
}

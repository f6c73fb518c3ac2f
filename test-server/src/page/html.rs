//! The page as HTML. Everything that is not written here is escaped: names, plans and hosts are anyone's words.

use std::fmt::{self, Formatter};
use std::ptr;
use std::sync::Arc;

use crate::page::controls::{counters, plan_form};
use crate::page::escaped::Escaped;
use crate::page::shown;
use crate::site::Site;

/// The page of a server at one moment; its `Display` is HTML.
pub(super) struct Page<'a> {
    pub(super) site: &'a Site,
    /// All servers that know of each other, this one among them, and their ports.
    pub(super) servers: &'a [(u16, Arc<Site>)],
    /// What the visitor calls this machine.
    pub(super) host: &'a str,
    pub(super) steering: Steering<'a>,
    /// By which the browser knows the script and the style sheet.
    pub(super) nonce: &'a str,
}

/// What the visitor may do, and has just done.
#[derive(Clone, Copy)]
pub(super) enum Steering<'a> {
    /// Nothing, for this reason.
    Closed(&'static str),
    /// Watch the numbers, change the plan.
    Open,
    /// The same, and has typed a plan that was refused.
    Refused { typed: &'a str, why: &'a str },
}

impl fmt::Display for Page<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let (name, nonce) = (Escaped(&self.site.name), self.nonce);
        write!(
            f,
            "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
             <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
             <title>{name} test server</title>\n"
        )?;
        self.icon(f)?;
        let (look, own) = (crate::LOOK, include_str!("page.css"));
        write!(
            f,
            "<style nonce=\"{nonce}\">\n{look}{own}</style>\n</head>\n<body>\n<main>\n<h1>{name} test server</h1>\n"
        )?;
        self.state(f)?;
        match self.steering {
            Steering::Closed(why) => {
                let why = Escaped(why);
                writeln!(
                    f,
                    "<p id=\"closed\" class=\"faint\">Counters and another plan are not to be had here; {why}.</p>"
                )?;
            }
            Steering::Open => {
                counters(f, &self.site.counters.stats())?;
                plan_form(f, &self.site.plan().to_string(), None)?;
            }
            Steering::Refused { typed, why } => {
                counters(f, &self.site.counters.stats())?;
                plan_form(f, typed, Some(why))?;
            }
        }
        self.gallery(f)?;
        f.write_str("</main>\n")?;
        // Closed, there is nothing to watch.
        if !self.is_closed() {
            let script = include_str!("page.js");
            write!(f, "<script nonce=\"{nonce}\">\n{script}</script>\n")?;
        }
        f.write_str("</body>\n</html>\n")
    }
}

impl Page<'_> {
    /// Without one a browser asks for `/favicon.ico` and complains that there is none.
    fn icon(&self, f: &mut Formatter<'_>) -> fmt::Result {
        if self.is_closed() || self.site.images.find("br").is_none() {
            return Ok(());
        }
        f.write_str("<link rel=\"icon\" type=\"image/gif\" href=\"/__flag/br.gif\">\n")
    }

    fn is_closed(&self) -> bool {
        matches!(self.steering, Steering::Closed(_))
    }

    /// What changes with the plan; the script puts this part anew.
    fn state(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let Self { site, .. } = self;
        let plan = site.plan();
        write!(
            f,
            "<div id=\"state\">\n<p id=\"plan-in-words\">{} {}.</p>\n<dl class=\"facts\">\n\
             <div><dt>Plan</dt><dd><code id=\"plan-now\">{}</code></dd></div>\n\
             <div><dt>Seed</dt><dd><code>{}</code></dd></div>\n\
             <div><dt>Flags</dt><dd>{} at <code>/flags/{{cc}}/{{cc}}.gif</code></dd></div>\n</dl>\n",
            Escaped(&site.name),
            Escaped(&plan.in_words()),
            Escaped(&shown(&plan)),
            site.seed,
            site.images.count(),
        )?;
        if self.servers.len() > 1 {
            f.write_str("<h2 id=\"servers-title\">All servers here</h2>\n<ul id=\"servers\" aria-labelledby=\"servers-title\">\n")?;
            for (port, server) in self.servers {
                self.server(f, *port, server)?;
            }
            f.write_str("</ul>\n")?;
        }
        f.write_str("</div>\n")
    }

    fn server(&self, f: &mut Formatter<'_>, port: u16, server: &Site) -> fmt::Result {
        let (name, words) = (&server.name, server.plan().in_words());
        let (name, words) = (Escaped(name), Escaped(&words));
        if ptr::eq(server, self.site) {
            return writeln!(
                f,
                "<li><strong aria-current=\"page\">{name}</strong>, this one, on port {port} {words}</li>"
            );
        }
        let host = Escaped(self.host);
        writeln!(
            f,
            "<li><a href=\"http://{host}:{port}/\">{name}</a> on port {port} {words}</li>"
        )
    }

    fn gallery(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let codes = self.site.images.codes();
        // The images have a path of their own, where they are not counted, and it is closed as well.
        let class = if self.is_closed() {
            " class=\"codes-only\""
        } else {
            ""
        };
        write!(
            f,
            "<h2 id=\"gallery-title\">{} flags</h2>\n\
             <p class=\"faint\">Each leads to the flag as a client gets it: under the plan, and counted.</p>\n\
             <ul id=\"gallery\"{class} aria-labelledby=\"gallery-title\">\n",
            codes.len()
        )?;
        for code in codes {
            let upper = code.to_uppercase();
            write!(f, "<li><a href=\"/flags/{code}/{code}.gif\">")?;
            // What the image says already is not read out once more.
            let said = if self.is_closed() {
                ""
            } else {
                " aria-hidden=\"true\""
            };
            if !self.is_closed() {
                // The size at which they are drawn, whatever the size of the file: nothing jumps when they arrive.
                write!(
                    f,
                    "<img src=\"/__flag/{code}.gif\" alt=\"flag of {upper}\" width=\"72\" height=\"52\" loading=\"lazy\" decoding=\"async\">"
                )?;
            }
            writeln!(f, "<span class=\"code\"{said}>{upper}</span></a></li>")?;
        }
        f.write_str("</ul>\n")
    }
}

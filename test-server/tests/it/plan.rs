//! The plan language: valid plans print as the same plan, and errors point at the wrong word.

use proptest::prelude::*;
use test_server::{Plan, PlanError, list_faults};

fn normal_form(text: &str) -> String {
    text.parse::<Plan>().unwrap().to_string()
}

/// Returns the message, and the word that the carets point at.
fn parse_error(text: &str) -> (String, String) {
    let error: PlanError = text.parse::<Plan>().unwrap_err();
    let lines: Vec<String> = error.to_string().lines().map(str::to_owned).collect();
    assert_eq!(
        (lines.len(), lines[0].as_str()),
        (3, error.message()),
        "{text}"
    );
    assert_eq!(lines[1], format!("  {text}"));
    let start = lines[2].find('^').unwrap();
    let width = lines[2].chars().filter(|&c| c == '^').count();
    let word = lines[1].chars().skip(start).take(width).collect();
    (error.message().to_owned(), word)
}

#[test]
fn plans_in_normal_form_print_unchanged() {
    for text in [
        "",
        "25:status=500|501|502|503,50:delay=500ms",
        "100:delay=500ms",
        "0.5:reset,33.3:close",
        "50:delay=uniform(500ms..5s)",
        "50:delay=lognormal(200ms,2s),10:hang",
        "10:status=503+retry-after=2s",
        "10:status=503+retry-after=date(2s)+reason=\"Too busy, really\"",
        "10:status=503+reason=\"a \\\"b\\\" \\\\ c\"",
        "20:reset-body=17+delay=1s+transient=2",
        "100:hold=30",
        "100:seq(503,reset,429,ok)",
        "50:limit=10/s+delay=1s,50:limit=100/m+connections=4",
        "50:delay=1s+seq(500|503+retry-after=2s,ok,delay=uniform(1s..2s)+drip=1ms)",
        "10:seq(ok),20:seq(reset-body=17)+transient=9",
        "100:stale=5@5ms",
        "100:stale=1",
        "10:tcp-latency=uniform(1s..2s)+tcp-jitter=5ms+tcp-upload,10:tcp-slice=5@2ms+tcp-reset=0,10:seq(tcp-stall=7,ok)",
        "10:range-wrong,10:corrupt=7+read-slowly=1000,10:content-type=\"text/html, \\\"a\\\"\",10:gzip-cut=5",
        "25:tls-expired,10:tls-cut=17+status=503,10:seq(tls-hang,tls-slow=10ms+503,ok)",
    ] {
        assert_eq!(normal_form(text), text);
    }
}

#[test]
fn other_spellings_print_in_normal_form() {
    for (text, same) in [
        (
            " 10 : reset , 20 : delay = 1500ms ",
            "10:reset,20:delay=1500ms",
        ),
        ("10:delay=1s 500ms", "10:delay=1500ms"),
        ("10:delay=0.5s", "10:delay=500ms"),
        ("10.0:reset", "10:reset"),
        ("-0:reset", "0:reset"),
        ("10:reset-body", "10:reset-body=200"),
        ("10:tcp-reset", "10:tcp-reset=0"),
        ("10:tcp-slice=5", "10:tcp-slice=5@1ms"),
        ("10:status=500 | 503", "10:status=500|503"),
        (
            "10:status=503+retry-after=2",
            "10:status=503+retry-after=2s",
        ),
        ("10:status=503+reason=busy", "10:status=503+reason=\"busy\""),
        ("10:delay=uniform( 1s .. 2s )", "10:delay=uniform(1s..2s)"),
        ("10:seq ( status=503 , ok )", "10:seq(503,ok)"),
    ] {
        assert_eq!(normal_form(text), same, "{text}");
    }
}

#[test]
fn errors_point_at_the_wrong_word() {
    for (text, message, word) in [
        (
            "reset",
            "PERCENT: is missing before the fault, as in 25:reset",
            "reset",
        ),
        (
            "10:rset",
            "unknown fault 'rset'; did you mean 'reset'?",
            "rset",
        ),
        (
            "10:many-headers=100001",
            "HEADERS must be a whole number from 1 to 100000",
            "100001",
        ),
        ("10:reset,20:xyzzy", "unknown fault 'xyzzy'", "xyzzy"),
        ("x:reset", "a share must be a number from 0 to 100", "x"),
        ("101:reset", "a share must be a number from 0 to 100", "101"),
        ("-1:reset", "a share must be a number from 0 to 100", "-1"),
        ("NaN:reset", "a share must be a number from 0 to 100", "NaN"),
        (
            "60:reset,41:close",
            "this share brings the total to 101 percent, more than 100",
            "41",
        ),
        ("10:reset,,5:close", "PERCENT:FAULT is missing here", ","),
        ("10:", "a fault is missing here", ""),
        ("10:reset+", "a fault is missing here", ""),
        (
            "10:delay",
            "'delay' needs an argument: delay=DURATION|uniform(A..B)|lognormal(MEDIAN,P99)",
            "delay",
        ),
        ("10:reset=5", "'reset' takes no argument", "5"),
        (
            "10:reset-body=0",
            "BYTES must be a whole number of at least 1",
            "0",
        ),
        (
            "10:reset-body=1.5",
            "BYTES must be a whole number of at least 1",
            "1.5",
        ),
        (
            "10:status=99",
            "a status must be a number from 200 to 999; separate several with |",
            "99",
        ),
        (
            "10:delay=soon",
            "a duration must be like 500ms, 1.5s or 2m",
            "soon",
        ),
        (
            "10:delay=uniform(5s..1s)",
            "uniform(A..B) needs A <= B",
            "uniform(5s..1s)",
        ),
        ("10:delay=1s+delay=2s", "'delay' is given twice", "delay=2s"),
        (
            "10:reset+close",
            "'reset' and 'close' cannot both be the answer",
            "close",
        ),
        (
            "10:retry-after=2s",
            "'retry-after' needs a 'status' before it",
            "retry-after=2s",
        ),
        (
            "10:reset+retry-after=2s",
            "'retry-after' needs a 'status' before it, not 'reset'",
            "retry-after=2s",
        ),
        (
            "10:status=503+retry-after=1500ms",
            "retry-after must be a whole number of seconds",
            "1500ms",
        ),
        (
            "10:status=503+reason=\"open",
            "a text in quotes must end with its closing quote",
            "\"open",
        ),
        (
            "50:stale=5",
            "'stale' applies to the whole server: it needs 100 percent and cannot be combined",
            "stale=5",
        ),
        (
            "100:delay=1s+stale=5",
            "'stale' applies to the whole server: it needs 100 percent and cannot be combined",
            "stale=5",
        ),
        (
            "100:stale=5+delay=1s",
            "a fault of the whole server cannot be combined with other faults",
            "delay=1s",
        ),
        (
            "10:content-type",
            "'content-type' needs an argument: content-type=\"TEXT\"",
            "content-type",
        ),
        (
            "10:corrupt=0",
            "BYTE must be a whole number of at least 1",
            "0",
        ),
        (
            "10:etag-changes+range-wrong",
            "'etag-changes' and 'range-wrong' cannot both be the answer",
            "range-wrong",
        ),
        (
            "10:tcp-reset+tcp-latency=1s+tcp-stall=5",
            "'tcp-stall' is the second end of the connection",
            "tcp-stall=5",
        ),
        ("10:tcp-reset=-1", "BYTES must be a whole number", "-1"),
        (
            "10:tcp-slice=0@1ms",
            "BYTES must be a whole number of at least 1",
            "0@1ms",
        ),
        (
            "10:tcp-slice",
            "'tcp-slice' needs an argument: tcp-slice=BYTES[@DURATION]",
            "tcp-slice",
        ),
        (
            "10:tls-cut=17+tls-slow",
            "'tls-slow' is the second fault of the handshake",
            "tls-slow",
        ),
        (
            "10:seq",
            "'seq' needs an argument: seq(STEP[,STEP...])",
            "seq",
        ),
        (
            "10:seq=503",
            "the steps of 'seq' must be in parentheses: seq(STEP[,STEP...])",
            "503",
        ),
        ("10:seq(503,ok", "the steps must end with ')'", "503,ok"),
        ("10:seq(503,)", "a fault is missing here", ")"),
        (
            "10:seq(503,rset)",
            "unknown fault 'rset'; did you mean 'reset'?",
            "rset",
        ),
        (
            "10:seq(503,99)",
            "a status must be a number from 200 to 999; separate several with |",
            "99",
        ),
        (
            "10:seq(503+reset)",
            "'status' and 'reset' cannot both be the answer",
            "reset",
        ),
        (
            "10:seq(503)+reset",
            "'seq' and 'reset' cannot both be the answer",
            "reset",
        ),
        (
            "10:seq(503,seq(ok))",
            "'seq' cannot be in a step of a sequence",
            "seq(ok)",
        ),
        (
            "10:seq(reset+transient=2)",
            "'transient' cannot be in a step of a sequence",
            "transient=2",
        ),
        (
            "100:seq(stale=2)",
            "'stale' cannot be in a step of a sequence",
            "stale=2",
        ),
        (
            "10:reset(503)",
            "'reset' takes no parentheses",
            "reset(503)",
        ),
        (
            "10:limit=10",
            "a rate must be like 10/s, 100/m or 1000/h",
            "10",
        ),
        (
            "10:limit=0/s",
            "a rate must be like 10/s, 100/m or 1000/h",
            "0/s",
        ),
        (
            "10:stau",
            "unknown fault 'stau'; did you mean 'status'?",
            "stau",
        ),
        (
            "5:réset",
            "unknown fault 'réset'; did you mean 'reset'?",
            "réset",
        ),
    ] {
        let (actual, pointed_at) = parse_error(text);
        assert_eq!(actual, message, "{text}");
        // If something is missing at the end, the caret points behind the plan, at no word.
        assert_eq!(pointed_at, word, "{text}");
    }
}

#[test]
fn carets_are_placed_by_display_width() {
    let error = "10:reset,20:重置".parse::<Plan>().unwrap_err().to_string();
    assert_eq!(
        error.lines().last().unwrap(),
        format!("  {}^^^^", " ".repeat("10:reset,20:".len()))
    );
}

#[test]
fn every_fault_is_listed_once_with_a_description() {
    let faults: Vec<_> = list_faults().collect();
    let mut names: Vec<_> = faults
        .iter()
        .map(|(fault, _)| fault.split(['=', '[', '(']).next().unwrap())
        .collect();
    assert!(names.len() >= 50, "{}", names.len());
    assert!(faults.iter().all(|(_, seen)| seen.len() > 2));
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), faults.len());
}

fn sequence() -> impl Strategy<Value = String> {
    let step = prop_oneof![
        Just("ok".to_owned()),
        (200..999_u16).prop_map(|status| status.to_string()),
        (200..999_u16, 1..9_u64).prop_map(|(status, n)| format!("{status}+retry-after={n}")),
        (1..5000_u64).prop_map(|ms| format!("delay={ms}ms+reset")),
        (1..500_u64).prop_map(|n| format!("close-body={n}")),
        (1..500_u64).prop_map(|n| format!("tls-cut={n}+503")),
    ];
    prop::collection::vec(step, 1..5).prop_map(|steps| format!("seq({})", steps.join(",")))
}

/// Returns a text as it is written between quotes.
fn escaped(text: &str) -> String {
    text.replace('\\', "\\\\").replace('"', "\\\"")
}

fn fault() -> impl Strategy<Value = String> {
    // All faults that need no argument, and the arguments with a syntax of their own.
    let bare = list_faults()
        .map(|(fault, _)| fault)
        .filter(|fault| !fault.contains(['=', '(']) || fault.contains("[="));
    let bare: Vec<_> = bare
        .map(|fault| fault.split('[').next().unwrap().to_owned())
        .collect();
    prop_oneof![
        prop::sample::select(bare),
        (1..5000_u64).prop_map(|ms| format!("delay={ms}ms")),
        (1..500_u64, 500..9000_u64).prop_map(|(a, b)| format!("delay=uniform({a}ms..{b}ms)")),
        (200..999_u16, 200..999_u16).prop_map(|(a, b)| format!("status={a}|{b}")),
        (1..100_u64).prop_map(|n| format!("transient={n}")),
        (1..100_u64).prop_map(|n| format!("reset-body={n}")),
        (1..100_u64).prop_map(|n| format!("corrupt={n}+read-slowly={n}")),
        (1..100_u64).prop_map(|n| format!("tcp-slice={n}@{n}ms+tcp-stall={n}")),
        (0..100_u64).prop_map(|n| format!("tcp-reset={n}+tcp-latency=uniform({n}ms..1s)")),
        "[ -~]{0,20}".prop_map(|text| format!("content-type=\"{}\"", escaped(&text))),
        Just("hang".to_owned()),
        sequence(),
        (1..5000_u64, "[smh]").prop_map(|(n, period)| format!("limit={n}/{period}")),
        (1..100_u64).prop_map(|n| format!("connections={n}+delay=1ms")),
        (200..999_u16, "[ -~]{0,20}").prop_map(|(status, text)| {
            format!("status={status}+reason=\"{}\"", escaped(&text))
        }),
    ]
}

proptest! {
    #[test]
    fn the_parser_and_its_errors_never_panic(text: String) {
        if let Err(error) = text.parse::<Plan>() {
            prop_assert_eq!(error.to_string().lines().count(), 3);
        }
    }

    #[test]
    fn the_parser_never_panics_on_similar_text(text in "([0-9.:=+,|()\"\\\\ ]|reset|delay|status|seq|ok|uniform|date|@|é){0,24}") {
        let parsed = text.parse::<Plan>();
        if let Ok(plan) = parsed {
            prop_assert_eq!(plan.to_string().parse::<Plan>().unwrap(), plan);
        }
    }

    #[test]
    fn every_plan_prints_as_the_same_plan(slices in prop::collection::vec((0..33_u32, fault()), 0..4)) {
        let slices: Vec<_> = slices.iter().map(|(percent, fault)| format!("{percent}.5:{fault}")).collect();
        if let Ok(plan) = slices.join(",").parse::<Plan>() {
            prop_assert_eq!(plan.to_string().parse::<Plan>().unwrap(), plan);
        }
    }
}

#[test]
fn reasons_with_control_characters_are_refused() {
    for text in [
        "10:status=503+reason=\"a\\r\\nb: c\"",
        "10:status=503+reason=\"a\u{0}b\"",
        "10:status=503+reason=\"a\r\nb: c\"",
    ] {
        let plan = text.parse::<Plan>();
        let is_plain = !text.contains(char::is_control);
        // A backslash before a letter stands for that letter.
        assert_eq!(plan.is_ok(), is_plain, "{text:?}");
    }
}

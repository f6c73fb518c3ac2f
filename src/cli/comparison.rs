//! What is compared, and what makes sense only then.

use std::num::NonZeroUsize;

use crate::cli::args::{Args, List};
use crate::cli::at_least_one;
use crate::strategy::Strategy;

/// What to compare.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Compare {
    /// Strategies with their connection limits, each once, in the order of the first round.
    pub series: Vec<(Strategy, NonZeroUsize)>,
    /// How often each runs; at least once.
    pub rounds: u32,
    /// How often each runs before that, uncounted.
    pub warmup: u32,
}

/// What makes sense only in a comparison, or in none.
pub(super) fn only_if_compared(args: &Args) -> Result<(), &'static str> {
    let usual = [
        (
            matches!(&args.strategy, Some(List(several)) if several.len() > 1),
            "several of --strategy need --compare",
        ),
        (args.rounds.is_some(), "--rounds N needs --compare"),
        (args.warmup.is_some(), "--warmup N needs --compare"),
        (args.at.is_some(), "--at LIMITS needs --compare"),
    ];
    let compared = [
        (
            args.skip_existing,
            "--skip-existing is nothing to compare: each strategy begins with an empty folder",
        ),
        (args.rounds == Some(0), "--rounds N must be >= 1"),
        (
            args.max_req.is_some() && args.at.is_some(),
            "--at LIMITS and --max_req CONCURRENT are two ways to say one thing",
        ),
    ];
    let wrong = if args.compare { &compared[..] } else { &usual };
    match wrong.iter().find(|(is_wrong, _)| *is_wrong) {
        Some((_, message)) => Err(message),
        None => Ok(()),
    }
}

/// The strategies, each at each limit where it can have several.
pub(super) fn series(
    at: Option<List<i64>>,
    strategies: &[Strategy],
    asked: Option<NonZeroUsize>,
    connections: impl Fn(Strategy, Option<NonZeroUsize>) -> NonZeroUsize,
) -> Result<Vec<(Strategy, NonZeroUsize)>, String> {
    let asked = match at {
        None => vec![asked],
        Some(List(limits)) => {
            let limits = limits
                .into_iter()
                .map(|number| at_least_one(number).map(Some));
            let limits: Option<Vec<_>> = limits.collect();
            limits.ok_or("--at LIMITS must be >= 1".to_owned())?
        }
    };
    let mut series = Vec::new();
    for &strategy in strategies {
        for &asked in &asked {
            let one = (strategy, connections(strategy, asked));
            if !series.contains(&one) {
                series.push(one);
            }
        }
    }
    Ok(series)
}

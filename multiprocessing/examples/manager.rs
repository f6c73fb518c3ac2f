//! What processes share through a manager: a dictionary, a list and a namespace. A copy that is sent does not change here; an
//! object of a manager does.
//!
//! `cargo run -p multiprocessing-rs --example manager`

use std::collections::BTreeMap;

use multiprocessing::{
    Dict, List, Manager, Namespace, Process, Registry, RemoteError, serve, task,
};

fn change(
    mut copy: BTreeMap<String, u32>,
    capitals: Dict<String, String>,
    visits: Dict<String, u32>,
    numbers: List<u32>,
    settings: Namespace,
) -> Result<(), RemoteError> {
    copy.insert("changed".to_owned(), 1);
    capitals.insert("BR".to_owned(), "Brasília".to_owned())?;
    visits.update("BR".to_owned(), |visits| Some(visits.unwrap_or(0) + 1))?;
    numbers.push(42)?;
    settings.set("strategy", "threadpool")?;
    Ok(())
}

task! {
    Change = fn change(
        copy: BTreeMap<String, u32>,
        capitals: Dict<String, String>,
        visits: Dict<String, u32>,
        numbers: List<u32>,
        settings: Namespace,
    ) -> Result<(), RemoteError>
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    serve(Registry::new().with::<Change>());

    let manager = Manager::start()?;
    let copy = BTreeMap::new();
    let (capitals, visits) = (manager.dict()?, manager.dict()?);
    let (numbers, settings) = (manager.list()?, manager.namespace()?);
    let change = || {
        let (visits, numbers) = (visits.clone(), numbers.clone());
        Process::spawn(Change(
            copy.clone(),
            capitals.clone(),
            visits,
            numbers,
            settings.clone(),
        ))
    };
    for process in [change()?, change()?] {
        process.into_result()??;
    }
    println!("the copy has {} entries", copy.len());
    println!("the capital of BR is {:?}", capitals.get("BR".to_owned())?);
    println!("BR was visited {:?} times", visits.get("BR".to_owned())?);
    println!("the numbers are {:?}", numbers.to_vec()?);
    println!("the strategy is {:?}", settings.get::<String>("strategy")?);
    Ok(())
}

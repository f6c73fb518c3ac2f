//! The state of a service, for the tasks that run in it.
//!
//! A service is a thread of the manager's process with a state of any type. [`Manager::service`] starts one with a task that
//! calls [`set`]; [`Service::call`] runs tasks in its thread, one after the other, which call [`with`].
//! [`Service`] has an example.
//!
//! [`Manager::service`]: super::Manager::service
//! [`Service`]: super::Service
//! [`Service::call`]: super::Service::call

use std::any::Any;
use std::cell::RefCell;

thread_local! {
    static STATE: RefCell<Option<Box<dyn Any>>> = const { RefCell::new(None) };
}

/// Leaves the state of the service for later calls. Replaces an earlier one.
///
/// [`Service`](super::Service) has an example.
///
/// # Panics
/// Within [`with`].
pub fn set<S: 'static>(state: S) {
    let replaced = STATE.with(|slot| match slot.try_borrow_mut() {
        Ok(mut slot) => slot.replace(Box::new(state)),
        Err(_) => panic!("`service::set` was called within `service::with`"),
    });
    // Outside: its drop may use the service's state.
    drop(replaced);
}

/// Calls `function` with the state of the service, and returns its value. If it panics, that is the error of the call, and
/// the state remains as it is then.
///
/// [`Service`](super::Service) has an example.
///
/// # Panics
/// If the state is not of the type `S`, or [`set`] has not been called in this thread, or this is called within itself.
pub fn with<S: 'static, T>(function: impl FnOnce(&mut S) -> T) -> T {
    STATE.with(|slot| {
        let Ok(mut slot) = slot.try_borrow_mut() else {
            panic!("`service::with` was called within `service::with`");
        };
        let Some(state) = slot.as_mut() else {
            panic!("the service has no state: its first task must call `service::set`");
        };
        let Some(state) = state.downcast_mut() else {
            let expected = std::any::type_name::<S>();
            panic!("the state of the service is not of the type {expected}");
        };
        function(state)
    })
}

#[cfg(test)]
mod tests {
    use std::panic::catch_unwind;

    use super::*;

    #[test]
    fn the_state_survives_a_panic() {
        set(1_u32);
        with(|state: &mut u32| *state += 1);
        let panicked = catch_unwind(|| {
            with(|state: &mut u32| {
                *state += 1;
                assert_eq!(*state, 0);
            })
        });
        assert!(panicked.is_err());
        assert_eq!(with(|state: &mut u32| *state), 3);
        assert!(catch_unwind(|| with(|_: &mut u64| ())).is_err());
        assert!(catch_unwind(|| with(|_: &mut u32| set(4_u32))).is_err());
        assert_eq!(with(|state: &mut u32| *state), 3);
    }
}

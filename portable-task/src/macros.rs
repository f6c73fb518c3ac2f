//! Makes a task of a plain function.

/// Makes a [`Task`](crate::Task) of a plain function: `task!(Count = fn count(path: PathBuf) -> u64)` declares the type
/// `Count`, whose fields are the arguments of the function `count`. The signature is repeated because a macro cannot read
/// it; the compiler checks that the two agree.
///
/// ```
/// use std::path::PathBuf;
/// use portable_task::{Task, task};
///
/// fn count(path: PathBuf) -> u64 {
///     path.components().count() as u64
/// }
///
/// task!(Count = fn count(path: PathBuf) -> u64);
///
/// assert_eq!(Count("/var/log".into()).run(), 3);
/// assert!(Count::NAME.ends_with("::count"));
/// ```
///
/// The name of the task is the path of the function, such as `my_program::logs::count`. Where other programs use it too,
/// it needs a name that outlives a move to another module, and a version. The type may be public, and have attributes:
///
/// ```
/// # use portable_task::{Task, task};
/// # pub fn gcd(a: u64, b: u64) -> u64 { a.min(b) }
/// task! {
///     /// The greatest common divisor of two numbers.
///     #[derive(Debug, Clone)]
///     pub Gcd = fn gcd(a: u64, b: u64) -> u64, name = "numbers::gcd", version = 2
/// }
/// assert_eq!((Gcd::NAME, Gcd::VERSION), ("numbers::gcd", 2));
/// ```
///
/// The function may have up to 16 arguments, all owned. One that returns nothing needs no `->`:
///
/// ```
/// # use portable_task::task;
/// fn greet(name: String) {
///     println!("Good day, {name}");
/// }
///
/// task!(Greet = fn greet(name: String));
/// ```
#[macro_export]
macro_rules! task {
    (
        $(#[$attribute:meta])*
        $visibility:vis $task:ident = fn $function:ident($($argument:ident: $type:ty),* $(,)?) $(-> $output:ty)?
        $(, name = $name:expr)?
        $(, version = $version:expr)?
        $(,)?
    ) => {
        $(#[$attribute])*
        $visibility struct $task($($visibility $type),*);

        impl $crate::Task for $task {
            type Output = $crate::task!(@output $($output)?);
            const NAME: &'static str = $crate::task!(@or
                [$($name)?] ::core::concat!(::core::module_path!(), "::", ::core::stringify!($function))
            );
            $(const VERSION: u32 = $version;)?

            fn run(self) -> Self::Output {
                let Self($($argument),*) = self;
                $function($($argument),*)
            }
        }

        // Not derived: a derive needs the name under which the calling crate knows serde.
        impl $crate::serde::Serialize for $task {
            fn serialize<__Serializer: $crate::serde::Serializer>(
                &self,
                serializer: __Serializer,
            ) -> ::core::result::Result<__Serializer::Ok, __Serializer::Error> {
                let Self($($argument),*) = self;
                $crate::serde::Serialize::serialize(&($($argument,)*), serializer)
            }
        }

        impl<'de> $crate::serde::Deserialize<'de> for $task {
            fn deserialize<__Deserializer: $crate::serde::Deserializer<'de>>(
                deserializer: __Deserializer,
            ) -> ::core::result::Result<Self, __Deserializer::Error> {
                let ($($argument,)*): ($($type,)*) =
                    $crate::serde::Deserialize::deserialize(deserializer)?;
                ::core::result::Result::Ok(Self($($argument),*))
            }
        }
    };
    (@or [$given:expr] $default:expr) => { $given };
    (@or [] $default:expr) => { $default };
    (@output $output:ty) => { $output };
    (@output) => { () };
}

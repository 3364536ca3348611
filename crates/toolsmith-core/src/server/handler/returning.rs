//! Finds by trait, on concrete types, what a return type is: for tools, prompts and
//! resources alike.
//!
//! As with parameters, the output of the macros calls a method on a reference to a probe,
//! and the method that needs the fewest dereferences wins.

/// Writes the probe of one kind of handler: what a type says itself that it becomes, a
/// `Result` whose error is masked, and a compile error for everything else.
macro_rules! returning {
    (
        probe: $Probe:ident,
        kind: $Kind:ident,
        into: $Into:ident :: $method:ident,
        result: $Result:ty,
        declared: $Declared:ident / $DeclaredKind:ident,
        masked: $Masked:ident / $MaskedKind:ident,
        unusable: $Unusable:ident / $UnusableKind:ident,
    ) => {
        /// Asks what a return type is. Call `.kind()` on `&&&` of it.
        pub struct $Probe<T>(std::marker::PhantomData<fn() -> T>);

        impl<T> $Probe<T> {
            /// A probe.
            pub const NEW: Self = Self(std::marker::PhantomData);
        }

        impl<T> std::fmt::Debug for $Probe<T> {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(stringify!($Probe))
            }
        }

        /// How a returned value becomes a result.
        pub trait $Kind {
            /// What is returned.
            type Value;

            /// The result.
            ///
            /// # Errors
            ///
            /// The handler's own error.
            fn result(self, value: Self::Value) -> $Result;

            /// The schema of structured results.
            fn schema(self) -> Option<serde_json::Value>;
        }

        /// The type says itself what it becomes.
        #[derive(Clone, Copy, Debug)]
        pub struct $Declared<T>(std::marker::PhantomData<fn() -> T>);

        impl<T: $Into> $Kind for $Declared<T> {
            type Value = T;

            fn result(self, value: T) -> $Result {
                value.$method()
            }

            fn schema(self) -> Option<serde_json::Value> {
                T::output_schema()
            }
        }

        /// A `Result` whose error does not say that it may be told: it is masked.
        #[derive(Clone, Copy, Debug)]
        pub struct $Masked<T, E>(std::marker::PhantomData<fn() -> (T, E)>);

        impl<T, E> $Kind for $Masked<T, E>
        where
            T: $Into,
            E: Into<Box<dyn std::error::Error + Send + Sync>>,
        {
            type Value = Result<T, E>;

            fn result(self, value: Result<T, E>) -> $Result {
                value
                    .map_err(crate::server::handler::ToolError::internal)
                    .and_then($Into::$method)
            }

            fn schema(self) -> Option<serde_json::Value> {
                T::output_schema()
            }
        }

        /// First: the type says it.
        pub trait $DeclaredKind<T> {
            /// How.
            fn kind(&self) -> $Declared<T>;
        }

        impl<T: $Into> $DeclaredKind<T> for &&$Probe<T> {
            fn kind(&self) -> $Declared<T> {
                $Declared(std::marker::PhantomData)
            }
        }

        /// Second: a `Result` that is masked.
        pub trait $MaskedKind<T, E> {
            /// How.
            fn kind(&self) -> $Masked<T, E>;
        }

        impl<T, E> $MaskedKind<T, E> for &$Probe<Result<T, E>>
        where
            T: $Into,
            E: Into<Box<dyn std::error::Error + Send + Sync>>,
        {
            fn kind(&self) -> $Masked<T, E> {
                $Masked(std::marker::PhantomData)
            }
        }

        /// Last: neither, which is a compile error that says what to do.
        pub trait $UnusableKind<T> {
            /// Never compiles.
            fn kind(&self) -> $Unusable<T>
            where
                T: $Into;
        }

        impl<T> $UnusableKind<T> for $Probe<T> {
            fn kind(&self) -> $Unusable<T>
            where
                T: $Into,
            {
                $Unusable(std::marker::PhantomData)
            }
        }

        /// Neither, in a program that does not compile. It has everything that is asked of
        /// it, so that the one error that says what to do is the only one.
        #[derive(Clone, Copy, Debug)]
        pub struct $Unusable<T>(std::marker::PhantomData<fn() -> T>);

        impl<T> $Kind for $Unusable<T> {
            type Value = T;

            fn result(self, _: T) -> $Result {
                Err(crate::server::handler::ToolError::user(
                    "this result cannot be sent",
                ))
            }

            fn schema(self) -> Option<serde_json::Value> {
                None
            }
        }
    };
}

pub(in crate::server) use returning;

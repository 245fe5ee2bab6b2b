//! Labels as types.

/// A label of a metric: an enum with a variant for each value. [`label!`](crate::label) makes one.
pub trait Label: Copy + 'static {
    /// The label's name.
    const NAME: &'static str;
    /// Every value, once. A value's place is its [`index`](Self::index).
    const ALL: &'static [Self];

    /// The value as it is exported.
    fn as_str(self) -> &'static str;

    /// The place in [`ALL`](Self::ALL).
    fn index(self) -> usize;
}

/// An enum that is a [`Label`]: `enum Login: "outcome" { Ok = "ok", … }`.
#[macro_export]
macro_rules! label {
    (
        $(#[$about:meta])*
        $visibility:vis enum $label:ident: $name:literal {
            $($(#[$about_value:meta])* $value:ident = $text:literal,)+
        }
    ) => {
        $(#[$about])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        $visibility enum $label {
            $($(#[$about_value])* $value,)+
        }

        impl $crate::metrics::Label for $label {
            const NAME: &'static str = $name;
            const ALL: &'static [Self] = &[$(Self::$value),+];

            fn as_str(self) -> &'static str {
                match self {
                    $(Self::$value => $text,)+
                }
            }

            fn index(self) -> usize {
                self as usize
            }
        }
    };
}

//! Which traces are recorded.

use opentelemetry_sdk::trace::{Sampler as Base, ShouldSample};

/// How many are recorded when nobody says: enough to see what is usual, and little beside the work itself.
const RATIO: f64 = 0.05;

/// Decides where a trace begins, and about one that begins elsewhere.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Sampler {
    /// Of traces that begin here, and of all when parents do not count; 0 to 1.
    ratio: f64,
    /// What a caller has decided holds.
    is_parent_based: bool,
}

impl Sampler {
    /// By the names and arguments of `OTEL_TRACES_SAMPLER` and `OTEL_TRACES_SAMPLER_ARG`.
    ///
    /// # Errors
    ///
    /// The text says what there is.
    pub fn named(name: &str, ratio: Option<f64>) -> Result<Self, String> {
        let (is_parent_based, own) = match name.strip_prefix("parentbased_") {
            Some(own) => (true, own),
            None => (false, name),
        };
        let ratio = match (own, ratio) {
            ("always_on", _) => 1.0,
            ("always_off", _) => 0.0,
            ("traceidratio", None) => RATIO,
            ("traceidratio", Some(ratio)) if (0.0..=1.0).contains(&ratio) => ratio,
            ("traceidratio", Some(_)) => return Err("the ratio is a number from 0 to 1".to_owned()),
            _ => {
                return Err(format!(
                    "{name:?} is no sampler: there are always_on, always_off and traceidratio, each also with parentbased_ \
                     before it"
                ));
            }
        };
        Ok(Self {
            ratio,
            is_parent_based,
        })
    }
}

impl From<Sampler> for Box<dyn ShouldSample> {
    fn from(sampler: Sampler) -> Self {
        let own = Base::TraceIdRatioBased(sampler.ratio);
        if sampler.is_parent_based {
            Box::new(Base::ParentBased(Box::new(own)))
        } else {
            Box::new(own)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn samplers_go_by_the_names_of_the_standard() {
        let sampler = |name, ratio| Sampler::named(name, ratio);
        let of = |ratio, is_parent_based| {
            Ok(Sampler {
                ratio,
                is_parent_based,
            })
        };
        assert_eq!(sampler("always_on", None), of(1.0, false));
        assert_eq!(sampler("parentbased_always_off", Some(0.5)), of(0.0, true));
        assert_eq!(sampler("traceidratio", Some(0.5)), of(0.5, false));
        assert_eq!(sampler("parentbased_traceidratio", None), of(RATIO, true));
        for (name, ratio) in [
            ("", None),
            ("sometimes", None),
            ("parentbased_", None),
            ("traceidratio", Some(1.5)),
            ("traceidratio", Some(f64::NAN)),
        ] {
            assert!(sampler(name, ratio).is_err(), "{name} {ratio:?}");
        }
    }
}

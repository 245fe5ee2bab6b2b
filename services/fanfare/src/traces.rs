//! From the command line to what sends spans.

use crate::{Failure, cli};
use fanfare_telemetry::traces::{Sampler, Settings, Traces};
use std::time::Duration;

/// Longest that the last spans may take to the collector. It is not waited for any longer: the process has done its work.
pub(crate) const FINISH: Duration = Duration::from_secs(3);

/// How the process that runs `command` as `node` is traced. A variable that is set to nothing says nothing.
///
/// # Errors
///
/// What is wrong with a setting, also when nothing is traced: it would show at the worst time.
pub(crate) fn start(options: &cli::Traces, command: &str, node: &str) -> Result<Traces, Failure> {
    let given = |option: &Option<String>| option.clone().filter(|text| !text.is_empty());
    let name = given(&Some(options.traces_sampler.clone()));
    let name = name.as_deref().unwrap_or("parentbased_traceidratio");
    let ratio = given(&options.traces_sampler_arg).map(|text| text.parse());
    let ratio = ratio.transpose().map_err(|error| {
        Failure::usage(format!(
            "--traces-sampler-arg, OTEL_TRACES_SAMPLER_ARG: {error}"
        ))
    })?;
    let sampler = Sampler::named(name, ratio).map_err(|error| {
        Failure::usage(format!("--traces-sampler, OTEL_TRACES_SAMPLER: {error}"))
    })?;
    let Some(endpoint) = given(&options.otlp_endpoint) else {
        return Ok(Traces::off());
    };
    let settings = Settings {
        endpoint,
        sampler,
        service: given(&options.service_name),
        default_service: format!("fanfare-{command}"),
        version: env!("CARGO_PKG_VERSION"),
        instance: node.to_owned(),
    };
    Traces::export(settings).map_err(|error| {
        Failure::usage(format!(
            "--otlp-endpoint, OTEL_EXPORTER_OTLP_ENDPOINT: {error}"
        ))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn options(endpoint: Option<&str>, sampler: &str, ratio: Option<&str>) -> cli::Traces {
        cli::Traces {
            otlp_endpoint: endpoint.map(str::to_owned),
            traces_sampler: sampler.to_owned(),
            traces_sampler_arg: ratio.map(str::to_owned),
            service_name: None,
        }
    }

    #[tokio::test]
    async fn without_a_collector_nothing_is_traced() {
        for endpoint in [None, Some("")] {
            let options = options(endpoint, "", Some(""));
            assert!(!start(&options, "auth", "n").unwrap().is_on());
        }
        let options = options(Some("http://127.0.0.1:1"), "always_on", None);
        assert!(start(&options, "auth", "n").unwrap().is_on());
    }

    #[tokio::test]
    async fn what_is_wrong_with_a_setting_names_it() {
        for (options, named) in [
            (
                options(Some("collector:4317"), "always_on", None),
                "--otlp-endpoint",
            ),
            (
                options(Some("http://"), "always_on", None),
                "--otlp-endpoint",
            ),
            (options(None, "sometimes", None), "--traces-sampler"),
            (options(None, "traceidratio", Some("2")), "--traces-sampler"),
            (
                options(None, "traceidratio", Some("x")),
                "--traces-sampler-arg",
            ),
        ] {
            let Err(Failure::Usage(text)) = start(&options, "auth", "n") else {
                panic!("{options:?} was taken");
            };
            assert!(text.starts_with(named), "{text}");
        }
    }
}

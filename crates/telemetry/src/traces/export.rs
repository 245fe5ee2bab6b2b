//! What sends spans.

use super::Sampler;
use opentelemetry::KeyValue;
use opentelemetry_otlp::{
    SpanExporter, WithExportConfig as _, WithTonicConfig as _,
    tonic_types::transport::ClientTlsConfig,
};
use opentelemetry_sdk::{
    Resource,
    resource::{EnvResourceDetector, TelemetryResourceDetector},
    trace::{SdkTracerProvider, ShouldSample},
};

/// Where spans go, and who sends them.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Of the collector: `http://host:4317`, or `https://` with a certificate that the system trusts.
    pub endpoint: String,
    /// Which traces are recorded.
    pub sampler: Sampler,
    /// `service.name`, before what `OTEL_RESOURCE_ATTRIBUTES` says.
    pub service: Option<String>,
    /// `service.name` when nobody says one.
    pub default_service: String,
    /// `service.version`.
    pub version: &'static str,
    /// `service.instance.id`.
    pub instance: String,
}

pub(super) fn provider(settings: Settings) -> Result<SdkTracerProvider, String> {
    let is_tls = settings.endpoint.starts_with("https://");
    if !is_tls && !settings.endpoint.starts_with("http://") {
        return Err("must begin with http:// or https://".to_owned());
    }
    let mut exporter = SpanExporter::builder()
        .with_tonic()
        .with_endpoint(&settings.endpoint);
    if is_tls {
        exporter = exporter.with_tls_config(ClientTlsConfig::new().with_enabled_roots());
    }
    let exporter = exporter.build().map_err(|error| error.to_string())?;
    Ok(SdkTracerProvider::builder()
        .with_sampler(Box::<dyn ShouldSample>::from(settings.sampler))
        .with_resource(resource(&settings))
        .with_batch_exporter(exporter)
        .build())
}

fn resource(settings: &Settings) -> Resource {
    let Settings {
        service,
        default_service,
        version,
        instance,
        ..
    } = settings;
    let resource = Resource::builder_empty()
        .with_service_name(default_service.clone())
        .with_attribute(KeyValue::new("service.version", *version))
        .with_attribute(KeyValue::new("service.instance.id", instance.clone()))
        .with_detectors(&[
            Box::new(TelemetryResourceDetector),
            Box::new(EnvResourceDetector::new()),
        ]);
    match service {
        Some(service) => resource.with_service_name(service.clone()).build(),
        None => resource.build(),
    }
}

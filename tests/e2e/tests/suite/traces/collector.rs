//! A collector: it takes spans over OTLP, and tells what it has.

use fanfare_e2e::DEADLINE;
use fanfare_lifecycle::Tasks;
use opentelemetry_proto::tonic::{
    collector::trace::v1::{
        ExportTraceServiceRequest, ExportTraceServiceResponse,
        trace_service_server::{TraceService, TraceServiceServer},
    },
    common::v1::{KeyValue, any_value},
    trace::v1::span::SpanKind,
};
use std::{collections::HashMap, net::SocketAddr};
use tokio::{net::TcpListener, sync::watch, task::JoinHandle};
use tokio_stream::wrappers::TcpListenerStream;
use tonic::{Request, Response, Status, transport};

/// A span, as the collector has it.
#[derive(Clone, Debug)]
pub(super) struct Span {
    /// Of whoever sent it.
    pub(super) resource: HashMap<String, String>,
    pub(super) name: String,
    pub(super) kind: SpanKind,
    pub(super) trace: String,
    pub(super) id: String,
    /// Empty: none.
    pub(super) parent: String,
    pub(super) attributes: HashMap<String, String>,
    pub(super) begin: u64,
    pub(super) end: u64,
}

impl Span {
    pub(super) fn service(&self) -> &str {
        &self.resource["service.name"]
    }

    pub(super) fn attribute(&self, name: &str) -> &str {
        self.attributes.get(name).map_or("", String::as_str)
    }
}

/// A running collector. Ends when it is dropped.
pub(super) struct Collector {
    address: SocketAddr,
    spans: watch::Receiver<Vec<Span>>,
    serving: JoinHandle<()>,
}

struct Taker(watch::Sender<Vec<Span>>);

#[tonic::async_trait]
impl TraceService for Taker {
    async fn export(
        &self,
        request: Request<ExportTraceServiceRequest>,
    ) -> Result<Response<ExportTraceServiceResponse>, Status> {
        let mut taken = Vec::new();
        for sent in request.into_inner().resource_spans {
            let resource = texts(sent.resource.unwrap_or_default().attributes);
            let spans = sent.scope_spans.into_iter().flat_map(|scope| scope.spans);
            taken.extend(spans.map(|span| Span {
                resource: resource.clone(),
                kind: span.kind(),
                name: span.name,
                trace: hex(&span.trace_id),
                id: hex(&span.span_id),
                parent: hex(&span.parent_span_id),
                attributes: texts(span.attributes),
                begin: span.start_time_unix_nano,
                end: span.end_time_unix_nano,
            }));
        }
        self.0.send_modify(|spans| spans.extend(taken));
        Ok(Response::new(ExportTraceServiceResponse::default()))
    }
}

impl Collector {
    pub(super) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (sender, spans) = watch::channel(Vec::new());
        let service = TraceServiceServer::new(Taker(sender));
        let server = transport::Server::builder().add_service(service);
        let serving = Tasks::new().spawn(async move {
            let incoming = TcpListenerStream::new(listener);
            server.serve_with_incoming(incoming).await.unwrap();
        });
        Self {
            address,
            spans,
            serving,
        }
    }

    pub(super) fn endpoint(&self) -> String {
        format!("http://{}", self.address)
    }

    /// All that it has so far.
    pub(super) fn spans(&self) -> Vec<Span> {
        self.spans.borrow().clone()
    }

    /// Waits until it has `count` spans with this name in `trace`; in the order they came.
    pub(super) async fn named(&self, trace: &str, name: &str, count: usize) -> Vec<Span> {
        let named = |spans: &[Span]| -> Vec<Span> {
            let is_it = |span: &&Span| span.trace == trace && span.name == name;
            spans.iter().filter(is_it).cloned().collect()
        };
        let mut spans = self.spans.clone();
        let there = spans.wait_for(|spans| named(spans).len() >= count);
        let found = tokio::time::timeout(DEADLINE, there).await;
        let found = found.map(|spans| named(&spans.expect("the collector runs")));
        found.unwrap_or_else(|_elapsed| {
            let all: Vec<String> = self
                .spans()
                .iter()
                .map(|span| format!("{} {} {}", span.trace, span.service(), span.name))
                .collect();
            panic!("no {count} {name} in {trace}, only {all:#?}")
        })
    }

    /// Waits for the only span with this name in `trace`.
    pub(super) async fn one(&self, trace: &str, name: &str) -> Span {
        let found = self.named(trace, name, 1).await;
        assert_eq!(found.len(), 1, "{found:#?}");
        found[0].clone()
    }
}

impl Drop for Collector {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn texts(attributes: Vec<KeyValue>) -> HashMap<String, String> {
    let text = |value| match value {
        any_value::Value::StringValue(text) => text,
        any_value::Value::IntValue(number) => number.to_string(),
        other => format!("{other:?}"),
    };
    attributes
        .into_iter()
        .filter_map(|own| Some((own.key, text(own.value?.value?))))
        .collect()
}

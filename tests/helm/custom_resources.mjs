// Reads a JSON list of custom resources on standard input; says on standard output what their schemas do not take.
// Exits 1 then, and 2 for a kind that it knows no schema of.
import { readFileSync } from "node:fs";
import { HTTPRoute } from "@kubernetes-models/gateway-api/gateway.networking.k8s.io/v1/HTTPRoute";
import { ScaledObject } from "@kubernetes-models/keda/keda.sh/v1alpha1/ScaledObject";
import { PodMonitor } from "@kubernetes-models/prometheus-operator/monitoring.coreos.com/v1/PodMonitor";
import { PrometheusRule } from "@kubernetes-models/prometheus-operator/monitoring.coreos.com/v1/PrometheusRule";
import { ServiceMonitor } from "@kubernetes-models/prometheus-operator/monitoring.coreos.com/v1/ServiceMonitor";

const kinds = { HTTPRoute, ScaledObject, PodMonitor, PrometheusRule, ServiceMonitor };

for (const resource of JSON.parse(readFileSync(0, "utf8"))) {
  const Kind = kinds[resource.kind];
  if (!Kind) {
    console.log(`${resource.kind}: no schema`);
    process.exit(2);
  }
  try {
    new Kind(resource).validate();
  } catch (error) {
    console.log(`${resource.kind}: ${error.message}`);
    process.exitCode = 1;
  }
}

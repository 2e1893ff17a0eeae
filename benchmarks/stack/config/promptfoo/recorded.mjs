// A custom provider: gives what was recorded of a stage, and its spans over OTLP.
import { readFileSync } from "node:fs";
import { randomBytes } from "node:crypto";

const RECEIVER = "http://127.0.0.1:4318/v1/traces";
const attribute = (key, value) => ({ key, value: { stringValue: value } });
const nanoseconds = (ms) => String(BigInt(Math.round((Date.now() + ms) * 1e3)) * 1000n);

async function trace(traceparent, steps) {
  const [, traceId, parentSpanId] = traceparent.split("-");
  const spans = steps.map((step) => ({
    traceId,
    parentSpanId,
    spanId: randomBytes(8).toString("hex"),
    name: step.stage,
    kind: 1,
    startTimeUnixNano: nanoseconds(step.start),
    endTimeUnixNano: nanoseconds(step.end),
    attributes: step.tool ? [attribute("tool.name", step.stage)] : [],
  }));
  const body = JSON.stringify({ resourceSpans: [{ scopeSpans: [{ spans }] }] });
  const headers = { "content-type": "application/json" };
  const answer = await fetch(RECEIVER, { method: "POST", headers, body });
  if (!answer.ok) throw new Error(`spans were not taken: ${answer.status}`);
}

export default class Recorded {
  id() {
    return "recorded";
  }

  async callApi(stage, { vars, traceparent }) {
    const run = JSON.parse(readFileSync(`runs/${vars.run}.json`, "utf8"));
    const calls = run.calls.filter((c) => stage === "workflow" || c.stage === stage);
    const tools = run.order.map((s) => ({ ...run.stages[s], stage: s, tool: true }));
    await trace(traceparent, stage === "workflow" ? [...tools, ...calls] : calls);
    const { output, cost, seconds, models } = stage === "workflow" ? run : run.stages[stage];
    return { output, cost, latencyMs: seconds * 1000, metadata: { models, plan: run.plan } };
  }
}

// Carries out the conformance scenario and prints the transcript: program.js SCENARIO TARGET KEYS [CA].
// What a step means is told in tests/clients/README.md.
import { readFileSync } from "node:fs";
import { createInterface } from "node:readline";
import {
  createRegistry,
  type DescMessage,
  type DescMethod,
  fromJson,
  type JsonObject,
  type JsonValue,
  type Message,
  type MessageShape,
  toJson,
} from "@bufbuild/protobuf";
import * as api from "@profile-grpc/appprofile";
// The types of error details, so that protobuf's JSON form can show those of batch items.
import { file_google_rpc_error_details } from "#gen/google/rpc/error_details_pb.js";

interface Step {
  step: string;
  ask?: string;
  key?: string;
  jwt?: string;
  method: string;
  request: JsonValue;
  requests?: JsonValue[];
  deadline_ms?: number;
  capture?: Record<string, string>;
  during?: string;
  repeat: number;
  parallel: number;
  stream?: string;
  until: Record<string, number>;
  expect: { show?: Record<string, JsonValue> };
}

type Call = (request: unknown, options: { timeoutMs?: number }) => Promise<never>;

interface Stream {
  output: DescMessage;
  messages: AsyncIterator<Message>;
}

const SERVICES = {
  ProfileService: [api.ProfileService, "profiles"],
  AppService: [api.AppService, "apps"],
  UsageService: [api.UsageService, "usage"],
  WebhookService: [api.WebhookService, "webhooks"],
  CustomerService: [api.CustomerService, "customers"],
  CredentialService: [api.CredentialService, "credentials"],
} as const;
const registry = createRegistry(file_google_rpc_error_details);
const OLDEST = "oldest_resume_token";

const [scenarioFile, target, keysFile, caFile] = process.argv.slice(2) as [string, string, string, string?];
const scenario: { values: Record<string, string>; steps: Step[] } = readJson(scenarioFile);
const ca = caFile && readFileSync(caFile);
const values: Record<string, string> = { ...scenario.values, ...readJson<Record<string, string>>(keysFile) };
const clients = new Map<string, api.Client>();
const streams = new Map<string, Stream>();
const answers = createInterface(process.stdin)[Symbol.asyncIterator]();

for (const step of scenario.steps) {
  if (step.ask) {
    show({ ask: step.ask });
    await answers.next();
  } else {
    show(await (step.stream ? read(step, step.stream) : step.requests ? exchange(step, step.requests) : outcome(step)));
  }
}
for (const stream of streams.values()) void stream.messages.return?.();
for (const client of clients.values()) client.close();
process.exit(0);

async function outcome(step: Step): Promise<JsonObject> {
  const call = prepare(step);
  if (!step.during) return call();
  show({ ask: step.during });
  let answered = false;
  void answers.next().then(() => {
    answered = true;
  });
  let calls = 0;
  let first: JsonObject | undefined;
  let different: JsonObject | undefined;
  const loop = async () => {
    while (!answered || calls < step.repeat) {
      calls++;
      const line = await call();
      first ??= line;
      if (canonical(line) !== canonical(first)) different ??= line;
    }
  };
  await Promise.all(Array.from({ length: step.parallel }, loop));
  return different ?? first ?? {};
}

/** The step's call, ready to be made any number of times. */
function prepare(step: Step): () => Promise<JsonObject> {
  const { method, send } = stubOf(step);
  const request = message(step.request, method);
  const options = step.deadline_ms === undefined ? {} : { timeoutMs: step.deadline_ms };
  return async () => {
    try {
      return seen(step, toJson(method.output, await send(request, options), { registry, useProtoFieldName: true }));
    } catch (error) {
      return refused(step, error);
    }
  };
}

/** The method of the step, and how the client calls it. */
function stubOf(step: Step): { method: DescMethod; send: Call } {
  const [serviceName, methodName] = step.method.split("/") as [keyof typeof SERVICES, string];
  const [service, stub] = SERVICES[serviceName];
  const method = service.methods.find((each) => each.name === methodName)!;
  const calls = client(step.key ?? "profile", step.jwt)[stub] as unknown as Record<string, Call>;
  return { method, send: calls[method.localName]! };
}

/** Imports the requests and reads the responses to them. */
async function exchange(step: Step, requests: JsonValue[]): Promise<JsonObject> {
  const { output, messages } = openImport(step, requests);
  const responses: JsonValue[] = [];
  try {
    for await (const response of messages) {
      responses.push(toJson(output, response, { registry, useProtoFieldName: true }));
    }
  } catch (error) {
    return refused(step, error);
  }
  return seen(step, { responses });
}

/** Goes on with the step's stream, or opens it. */
async function read(step: Step, name: string): Promise<JsonObject> {
  if (step.method) streams.set(name, open(step));
  const { output, messages } = streams.get(name)!;
  const [list, count] = Object.entries(step.until)[0]!;
  const body: JsonObject = {};
  try {
    while (((body[list] as JsonValue[] | undefined)?.length ?? 0) < count) {
      const next = await messages.next();
      if (next.done) break;
      const fields = toJson(output, next.value, { registry, useProtoFieldName: true }) as JsonObject;
      for (const [field, value] of Object.entries(fields)) {
        body[field] = Array.isArray(value) ? [...((body[field] as JsonValue[] | undefined) ?? []), ...value] : value;
      }
    }
  } catch (error) {
    return refused(step, error);
  }
  return seen(step, body);
}

function open(step: Step): Stream {
  const { watchProfiles, resolveRecipients, exportProfiles } = api.ProfileService.method;
  const { exportCustomers } = api.CustomerService.method;
  const opener = client(step.key ?? "profile", step.jwt);
  const { request } = step;
  switch (step.method) {
    case "ProfileService/WatchProfiles":
      return { output: watchProfiles.output, messages: opener.watchProfiles(message(request, watchProfiles)) };
    case "ProfileService/ResolveRecipients":
      return {
        output: resolveRecipients.output,
        messages: opener.resolveRecipients(message(request, resolveRecipients)),
      };
    case "ProfileService/ExportProfiles":
      return { output: exportProfiles.output, messages: opener.exportProfiles(message(request, exportProfiles)) };
    case "CustomerService/ExportCustomers":
      return { output: exportCustomers.output, messages: opener.exportCustomers(message(request, exportCustomers)) };
    default:
      throw new Error(`${step.method} is no stream`);
  }
}

function openImport(step: Step, requests: JsonValue[]): { output: DescMessage; messages: AsyncIterable<Message> } {
  const { importProfiles } = api.ProfileService.method;
  const { importCustomers } = api.CustomerService.method;
  const importer = client(step.key ?? "profile", step.jwt);
  switch (step.method) {
    case "ProfileService/ImportProfiles": {
      const sent = requests.map((request) => message(request, importProfiles));
      return { output: importProfiles.output, messages: importer.importProfiles(sent) };
    }
    case "CustomerService/ImportCustomers": {
      const sent = requests.map((request) => message(request, importCustomers));
      return { output: importCustomers.output, messages: importer.importCustomers(sent) };
    }
    default:
      throw new Error(`${step.method} takes no stream of requests`);
  }
}

/** A request of the method. */
function message<I extends DescMessage>(content: JsonValue, method: { input: I }): MessageShape<I> {
  return fromJson(method.input, fill(content), { registry });
}

function seen(step: Step, response: JsonValue): JsonObject {
  for (const [name, path] of Object.entries(step.capture ?? {})) values[name] = String(find(response, path) ?? "");
  const shown = Object.keys(step.expect.show ?? {}).map((path) => [path, find(response, path)] as const);
  return { step: step.step, code: "OK", ...(shown.length && { show: Object.fromEntries(shown) }) };
}

function refused(step: Step, error: unknown): JsonObject {
  if (!(error instanceof api.ApiError)) throw error;
  const { code, reason, violations } = error;
  const metadata: Record<string, string> = { ...error.metadata };
  if (error instanceof api.ResumeTokenExpiredError) {
    values[OLDEST] = error.oldestResumeToken;
    delete metadata[OLDEST];
  }
  return {
    step: step.step,
    code: canonicalName(code),
    ...(reason && { reason }),
    ...(Object.keys(metadata).length && { metadata }),
    ...(violations.length && { violations: violations.map(({ field }) => field) }),
  };
}

function client(name: string, jwt?: string): api.Client {
  const both = `${name}/${jwt ?? ""}`;
  let found = clients.get(both);
  if (!found) {
    const key = name === "none" ? undefined : values[name];
    const supplier = jwt === undefined ? {} : { jwt: () => values[jwt] ?? "" };
    found = api.connect(target, { key, ...supplier, ...(ca ? { ca } : { plaintext: true }) });
    clients.set(both, found);
  }
  return found;
}

function fill(value: JsonValue): JsonValue {
  if (Array.isArray(value)) return value.map(fill);
  if (value !== null && typeof value === "object") {
    return Object.fromEntries(Object.entries(value).map(([name, each]) => [name, fill(each)]));
  }
  if (typeof value !== "string") return value;
  const now = new Date();
  const builtIn: Record<string, string> = {
    now: now.toISOString(),
    year: String(now.getUTCFullYear()),
    month: String(now.getUTCMonth() + 1),
    day: String(now.getUTCDate()),
  };
  return value.replace(/\$\{(\w+)\}/g, (_, name: string) => builtIn[name] ?? values[name] ?? "");
}

/** The value at the path, or null. */
function find(body: JsonValue, path: string): JsonValue {
  let found: JsonValue | undefined = body;
  for (const name of path.split(".")) found = (found as JsonObject | null | undefined)?.[name];
  return found ?? null;
}

/** `NOT_FOUND` for `Code.NotFound`. */
function canonicalName(code: api.Code): string {
  if (code === api.Code.Canceled) return "CANCELLED";
  return api.Code[code].replace(/(?<!^)[A-Z]/g, (letter) => `_${letter}`).toUpperCase();
}

/** JSON with sorted keys and no spaces. */
function canonical(value: JsonValue): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join(",")}]`;
  if (value === null || typeof value !== "object") return JSON.stringify(value);
  const members = Object.keys(value).sort();
  return `{${members.map((name) => `${JSON.stringify(name)}:${canonical(value[name]!)}`).join(",")}}`;
}

function show(line: JsonObject): void {
  process.stdout.write(`${canonical(line)}\n`);
}

function readJson<T>(file: string): T {
  return JSON.parse(readFileSync(file, "utf8")) as T;
}

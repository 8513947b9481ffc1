import { clone, create, type MessageInitShape } from "@bufbuild/protobuf";
import { createClient, type Client as Stub } from "@connectrpc/connect";
import { AppService } from "./gen/appprofile/v1/app_service_pb.js";
import { CredentialService } from "./gen/appprofile/v1/credential_service_pb.js";
import {
  CustomerService,
  ExportCustomersRequestSchema,
  type ExportCustomersResponse,
  type ImportCustomersRequest,
  ImportCustomersRequestSchema,
  type ImportCustomersResponse,
} from "./gen/appprofile/v1/customer_service_pb.js";
import {
  ExportProfilesRequestSchema,
  type ExportProfilesResponse,
  type ImportProfilesRequest,
  ImportProfilesRequestSchema,
  type ImportProfilesResponse,
  ProfileService,
  WatchProfilesRequestSchema,
  type WatchProfilesResponse,
} from "./gen/appprofile/v1/profile_service_pb.js";
import { ResolveRecipientsRequestSchema, type ResolveRecipientsResponse } from "./gen/appprofile/v1/recipient_pb.js";
import { UsageService } from "./gen/appprofile/v1/usage_service_pb.js";
import { WebhookService } from "./gen/appprofile/v1/webhook_service_pb.js";
import { type Requests, resumeImport } from "./imports.js";
import type { StreamOptions } from "./interruptions.js";
import { isVisible, ReliableTransport, type Wire } from "./reliable.js";
import { MAX_TIMEOUT_MS } from "./scope.js";
import { resume } from "./streams.js";

/** The maximum duration of a call, including retries, if it sets no `timeoutMs`. */
export const DEFAULT_DEADLINE_MS = 15_000;

/** A full page of profiles may exceed gRPC's usual 4 MiB. */
export const MAX_ANSWER_BYTES = 64 * 1024 * 1024;

/** The options of every connection, in Node and in browsers. */
export interface BaseOptions {
  /** Sent with each call. Without it, only a server started with `--dev` accepts calls. */
  key?: string | undefined;
  /** Returns the user's current token; called once for each call. If it fails, the call fails with its error. */
  jwt?: (() => string | Promise<string>) | undefined;
  /** No TLS: for loopback, and for networks that encrypt traffic themselves. Default: false. */
  plaintext?: boolean | undefined;
  /** The maximum duration of a call in milliseconds, including retries, if it sets no `timeoutMs`. Default: 15,000. */
  deadlineMs?: number | undefined;
}

/**
 * One connection, shared by all callers. Created by `connect`.
 *
 * Calls are those of the generated stubs, with credentials, a deadline and retries. A failed one rejects with ApiError.
 */
export class Client {
  readonly profiles: Stub<typeof ProfileService>;
  readonly apps: Stub<typeof AppService>;
  readonly usage: Stub<typeof UsageService>;
  readonly webhooks: Stub<typeof WebhookService>;
  readonly customers: Stub<typeof CustomerService>;
  readonly credentials: Stub<typeof CredentialService>;
  readonly #transport: ReliableTransport;

  /** @internal Use `connect`. */
  constructor(wire: Wire, { key, jwt, deadlineMs = DEFAULT_DEADLINE_MS }: BaseOptions) {
    if (!(deadlineMs > 0 && deadlineMs <= MAX_TIMEOUT_MS)) {
      throw new RangeError("deadlineMs must be above 0, and at most 24 days");
    }
    if (key !== undefined && !isVisible(key)) {
      throw new TypeError("key has characters that no key has, such as a line break or white space");
    }
    const transport = new ReliableTransport(wire, { key, jwt, deadlineMs });
    this.#transport = transport;
    this.profiles = createClient(ProfileService, transport);
    this.apps = createClient(AppService, transport);
    this.usage = createClient(UsageService, transport);
    this.webhooks = createClient(WebhookService, transport);
    this.customers = createClient(CustomerService, transport);
    this.credentials = createClient(CredentialService, transport);
  }

  /**
   * The events of profiles, without end.
   *
   * After an interruption the stream goes on after the last message: nothing is missed, and nothing comes twice. Store
   * the `resumeToken` of each message with what its events led to; a message without events is a checkpoint.
   *
   * The iteration ends without an error when `signal` is aborted. It fails with ResumeTokenExpiredError if events were
   * missed, and with ApiError if the call is refused.
   */
  watchProfiles(
    request: MessageInitShape<typeof WatchProfilesRequestSchema>,
    options: StreamOptions = {},
  ): AsyncGenerator<WatchProfilesResponse, void> {
    const first = clone(WatchProfilesRequestSchema, create(WatchProfilesRequestSchema, request));
    const after = (token: string) => ({ ...first, start: { case: "resumeToken" as const, value: token } });
    return resume(
      (token, signal) => this.profiles.watchProfiles(token === undefined ? first : after(token), { signal }),
      options,
    );
  }

  /**
   * Whom a message can reach, each profile once; then the ids that reach nobody.
   *
   * After an interruption the stream goes on after the last message. The iteration ends without an error when everything
   * was sent, and when `signal` is aborted. It fails with ApiError if the call is refused.
   */
  resolveRecipients(
    request: MessageInitShape<typeof ResolveRecipientsRequestSchema>,
    options: StreamOptions = {},
  ): AsyncGenerator<ResolveRecipientsResponse, void> {
    const first = clone(ResolveRecipientsRequestSchema, create(ResolveRecipientsRequestSchema, request));
    const after = (token: string) => ({ ...first, resumeToken: token });
    return resume(
      (token, signal) => this.profiles.resolveRecipients(token === undefined ? first : after(token), { signal }),
      options,
    );
  }

  /** Every profile of an app, each once, in order of user and device; otherwise as `resolveRecipients`. */
  exportProfiles(
    request: MessageInitShape<typeof ExportProfilesRequestSchema>,
    options: StreamOptions = {},
  ): AsyncGenerator<ExportProfilesResponse, void> {
    const first = clone(ExportProfilesRequestSchema, create(ExportProfilesRequestSchema, request));
    const after = (token: string) => ({ ...first, resumeToken: token });
    return resume(
      (token, signal) => this.profiles.exportProfiles(token === undefined ? first : after(token), { signal }),
      options,
    );
  }

  /** Every customer of the tenant, each once, ordered by id; otherwise as `resolveRecipients`. */
  exportCustomers(
    request: MessageInitShape<typeof ExportCustomersRequestSchema>,
    options: StreamOptions = {},
  ): AsyncGenerator<ExportCustomersResponse, void> {
    const first = clone(ExportCustomersRequestSchema, create(ExportCustomersRequestSchema, request));
    const after = (token: string) => ({ ...first, resumeToken: token });
    return resume(
      (token, signal) => this.customers.exportCustomers(token === undefined ? first : after(token), { signal }),
      options,
    );
  }

  /**
   * Imports profiles; the responses, one for each request, in order.
   *
   * Requests are parts of one import, each of up to 1000 records; give all the same `importId`. They are read one after
   * the other, each once, up to 8 ahead of their responses, and must not be changed afterwards. Records without a number
   * are numbered from 1.
   *
   * After an interruption the requests without a response are sent again; a part that is repeated changes nothing. The
   * iteration ends without an error when every request has its response, and when `signal` is aborted. It fails with
   * ApiError if the call is refused, and with the error of `requests` after the responses to those before it. Browsers
   * cannot send a stream: there it is refused with Unimplemented.
   */
  importProfiles(
    requests: Requests<MessageInitShape<typeof ImportProfilesRequestSchema>>,
    options: StreamOptions = {},
  ): AsyncGenerator<ImportProfilesResponse, void> {
    return resumeImport(
      (sent: AsyncIterable<ImportProfilesRequest>, signal) => this.profiles.importProfiles(sent, { signal }),
      requests,
      (request) => create(ImportProfilesRequestSchema, request),
      options,
    );
  }

  /** Imports customers, as `importProfiles`. */
  importCustomers(
    requests: Requests<MessageInitShape<typeof ImportCustomersRequestSchema>>,
    options: StreamOptions = {},
  ): AsyncGenerator<ImportCustomersResponse, void> {
    return resumeImport(
      (sent: AsyncIterable<ImportCustomersRequest>, signal) => this.customers.importCustomers(sent, { signal }),
      requests,
      (request) => create(ImportCustomersRequestSchema, request),
      options,
    );
  }

  /** Closes the connection. Calls in flight are cancelled. */
  close(): void {
    this.#transport.close();
  }
}

/** The address of `host:port`. */
export function baseUrl(target: string, plaintext = false): string {
  if (/^https?:\/\//i.test(target)) throw new TypeError("target must be host:port, without http:// or https://");
  const url = new URL(`${plaintext ? "http" : "https"}://${target}`);
  if (url.pathname !== "/" || url.search || url.hash || url.username) throw new TypeError("target must be host:port");
  return url.origin;
}

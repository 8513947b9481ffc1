import type { DescMessage, MessageShape } from "@bufbuild/protobuf";
import { anyUnpack, durationMs } from "@bufbuild/protobuf/wkt";
import { Code, type ConnectError } from "@connectrpc/connect";
import { BadRequestSchema, ErrorInfoSchema, RetryInfoSchema } from "./gen/google/rpc/error_details_pb.js";
import type { Status } from "./gen/google/rpc/status_pb.js";

/** One violated rule: the field's path in the request (`key.user_id`) and what is wrong with it. */
export interface Violation {
  readonly field: string;
  readonly description: string;
}

type FindDetail = <Desc extends DescMessage>(schema: Desc) => MessageShape<Desc> | undefined;

/** A call failed. `cause` is Connect's own error. */
export class ApiError extends Error {
  override readonly name: string = "ApiError";
  /** The canonical gRPC code. */
  readonly code: Code;
  /** The reason: a name of `ErrorReason` without its prefix. Empty if the response did not come from the service. */
  readonly reason: string;
  /** The variable parts of the message. */
  readonly metadata: Readonly<Record<string, string>>;
  /** The violated rules of an `InvalidArgument`. */
  readonly violations: readonly Violation[];
  /** How many milliseconds to wait before a retry, if the service says so. */
  readonly retryDelayMs: number | undefined;

  /** @internal Use `from`. */
  protected constructor(code: Code, message: string, find: FindDetail, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    const info = find(ErrorInfoSchema);
    const delay = find(RetryInfoSchema)?.retryDelay;
    this.code = code;
    this.reason = info?.reason ?? "";
    this.metadata = { ...info?.metadata };
    this.violations = (find(BadRequestSchema)?.fieldViolations ?? []).map(({ field, description }) => ({
      field,
      description,
    }));
    this.retryDelayMs = delay && durationMs(delay);
  }

  /** The error that a call of Connect failed with. */
  static from(error: ConnectError): ApiError {
    const find: FindDetail = (schema) => error.findDetails(schema)[0];
    const expired = find(ErrorInfoSchema)?.reason === "RESUME_TOKEN_EXPIRED";
    return new (expired ? ResumeTokenExpiredError : ApiError)(error.code, error.rawMessage, find, error);
  }

  /** The error in a `google.rpc.Status`, such as the one of a batch item. */
  static fromStatus(status: Status): ApiError {
    // Connect has the canonical codes but OK, which is no error; what is no code is Unknown.
    const code = status.code in Code ? (status.code as Code) : Code.Unknown;
    return new ApiError(code, status.message, (schema) => {
      for (const detail of status.details) {
        const message = anyUnpack(detail, schema);
        if (message) return message;
      }
      return undefined;
    });
  }
}

/**
 * Messages after the resume token are no longer kept, or the database was restored from an older copy. Read the current
 * state, then resume with `oldestResumeToken`.
 */
export class ResumeTokenExpiredError extends ApiError {
  override readonly name = "ResumeTokenExpiredError";

  /** The oldest token that can be used. */
  get oldestResumeToken(): string {
    const { oldest_resume_token: oldest = "" } = this.metadata;
    return oldest;
  }
}

package com.appprofile;

import com.google.protobuf.Any;
import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.Message;
import com.google.rpc.BadRequest;
import com.google.rpc.ErrorInfo;
import com.google.rpc.RetryInfo;
import io.grpc.Status;
import io.grpc.protobuf.StatusProto;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * A call failed, and why. The generated stubs throw gRPC's {@link io.grpc.StatusRuntimeException}, from which {@link
 * #from(Throwable)} makes this exception; the former is the latter's cause.
 */
public class ApiException extends RuntimeException {
  /**
   * One violated rule.
   *
   * @param field the field's path in the request ({@code key.user_id})
   * @param description what is wrong with it
   */
  public record Violation(String field, String description) {}

  private final Status.Code code;
  private final transient ErrorInfo info;
  private final transient List<Violation> violations;
  private final Duration retryDelay;

  ApiException(com.google.rpc.Status status, Throwable cause) {
    super(status.getMessage(), cause);
    code = Status.fromCodeValue(status.getCode()).getCode();
    info = detail(status, ErrorInfo.class).orElse(ErrorInfo.getDefaultInstance());
    violations =
        detail(status, BadRequest.class).orElse(BadRequest.getDefaultInstance()).getFieldViolationsList().stream()
            .map(each -> new Violation(each.getField(), each.getDescription()))
            .toList();
    retryDelay =
        detail(status, RetryInfo.class)
            .map(RetryInfo::getRetryDelay)
            .map(delay -> Duration.ofSeconds(delay.getSeconds(), delay.getNanos()))
            .orElse(null);
  }

  /** What a call failed with, decoded: of any stub, wherever in the chain of causes gRPC's exception is. */
  public static ApiException from(Throwable error) {
    com.google.rpc.Status status = StatusProto.fromThrowable(error);
    if (status == null) { // it is not gRPC's, or has no details
      Status plain = Status.fromThrowable(error);
      String message = plain.getDescription() == null ? "" : plain.getDescription();
      status = com.google.rpc.Status.newBuilder().setCode(plain.getCode().value()).setMessage(message).build();
    }
    return made(status, error);
  }

  /** The error in a {@code google.rpc.Status}, such as the one of a batch item. */
  public static ApiException fromStatus(com.google.rpc.Status status) {
    return made(status, null);
  }

  private static ApiException made(com.google.rpc.Status status, Throwable cause) {
    boolean expired =
        detail(status, ErrorInfo.class).map(info -> info.getReason().equals("RESUME_TOKEN_EXPIRED")).orElse(false);
    return expired ? new ResumeTokenExpiredException(status, cause) : new ApiException(status, cause);
  }

  /** The canonical code. */
  public Status.Code code() {
    return code;
  }

  /** The reason: a name of {@code ErrorReason} without its prefix. Empty if the response is not from the service. */
  public String reason() {
    return info.getReason();
  }

  /** The variable parts of the message. */
  public Map<String, String> metadata() {
    return info.getMetadataMap();
  }

  /** The violated rules of an {@code INVALID_ARGUMENT}. */
  public List<Violation> violations() {
    return violations;
  }

  /** How long to wait before a retry, if the service says so. */
  public Optional<Duration> retryDelay() {
    return Optional.ofNullable(retryDelay);
  }

  @Override
  public String toString() {
    return String.join(" ", getClass().getName() + ":", code.name(), reason(), getMessage()).strip();
  }

  private static <M extends Message> Optional<M> detail(com.google.rpc.Status status, Class<M> type) {
    for (Any detail : status.getDetailsList()) {
      if (detail.is(type)) {
        try {
          return Optional.of(detail.unpack(type));
        } catch (InvalidProtocolBufferException e) {
          return Optional.empty(); // not ours
        }
      }
    }
    return Optional.empty();
  }
}

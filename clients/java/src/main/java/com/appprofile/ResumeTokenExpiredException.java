package com.appprofile;

/**
 * Messages after the resume token are no longer kept, or the database was restored from an older copy. Read the current
 * state, then resume with {@link #oldestResumeToken}.
 */
public final class ResumeTokenExpiredException extends ApiException {
  ResumeTokenExpiredException(com.google.rpc.Status status, Throwable cause) {
    super(status, cause);
  }

  /** The oldest token that can be used. */
  public String oldestResumeToken() {
    return metadata().getOrDefault("oldest_resume_token", "");
  }
}

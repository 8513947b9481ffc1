package com.appprofile;

import io.grpc.ChannelCredentials;
import io.grpc.InsecureChannelCredentials;
import io.grpc.TlsChannelCredentials;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.time.Duration;
import java.util.Objects;
import java.util.concurrent.Callable;

/** How to connect, and how calls behave. All of it is optional. Nothing of it is ever printed. */
public final class Options {
  /** The maximum duration of a call, including retries, if it sets no deadline. */
  public static final Duration DEFAULT_DEADLINE = Duration.ofSeconds(15);

  final String key;
  final Callable<String> jwt;
  final Duration deadline;
  private final boolean plaintext;
  private final byte[] ca;
  private final byte[] certificate;
  private final byte[] privateKey;

  private Options(Builder builder) {
    key = builder.key;
    jwt = builder.jwt;
    deadline = builder.deadline;
    plaintext = builder.plaintext;
    ca = builder.ca;
    certificate = builder.certificate;
    privateKey = builder.privateKey;
    if (plaintext && (ca != null || certificate != null || privateKey != null)) {
      throw new IllegalArgumentException(
          "plaintext has no TLS: leave out ca, certificate and privateKey, or plaintext");
    }
    if ((certificate == null) != (privateKey == null)) {
      throw new IllegalArgumentException("certificate and privateKey go together");
    }
    if (deadline.isZero() || deadline.isNegative()) {
      throw new IllegalArgumentException("deadline must be above 0");
    }
  }

  /** Options to be set. */
  public static Builder builder() {
    return new Builder();
  }

  ChannelCredentials credentials() {
    if (plaintext) {
      return InsecureChannelCredentials.create();
    }
    TlsChannelCredentials.Builder tls = TlsChannelCredentials.newBuilder();
    try {
      if (ca != null) {
        tls.trustManager(stream(ca));
      }
      if (certificate != null) {
        tls.keyManager(stream(certificate), stream(privateKey));
      }
    } catch (IOException e) {
      throw new IllegalArgumentException("the TLS options cannot be used", e);
    }
    return tls.build();
  }

  private static InputStream stream(byte[] pem) {
    return new ByteArrayInputStream(pem);
  }

  /** Sets options. */
  public static final class Builder {
    private String key;
    private Callable<String> jwt;
    private boolean plaintext;
    private byte[] ca;
    private byte[] certificate;
    private byte[] privateKey;
    private Duration deadline = DEFAULT_DEADLINE;

    private Builder() {}

    /** Sent with each call. Without it, only a server started with {@code --dev} accepts calls. */
    public Builder key(String key) {
      this.key = key;
      return this;
    }

    /**
     * Returns the user's current token; called once for each call. If it fails, the call fails with its error: a status
     * of gRPC as it is, another exception as the cause of one.
     */
    public Builder jwt(Callable<String> jwt) {
      this.jwt = jwt;
      return this;
    }

    /** No TLS: for loopback, and for networks that encrypt traffic themselves. Default: false. */
    public Builder plaintext(boolean plaintext) {
      this.plaintext = plaintext;
      return this;
    }

    /** PEM of the authorities that may sign the server's certificate. Default: those that Java trusts. */
    public Builder ca(byte[] pem) {
      ca = pem;
      return this;
    }

    /** PEM that the client presents (mutual TLS), with its {@code privateKey}. */
    public Builder certificate(byte[] pem) {
      certificate = pem;
      return this;
    }

    /** PEM, in PKCS #8. */
    public Builder privateKey(byte[] pem) {
      privateKey = pem;
      return this;
    }

    /** The maximum duration of a call, including retries, if it sets no deadline. Default: 15 s. */
    public Builder deadline(Duration deadline) {
      this.deadline = Objects.requireNonNull(deadline);
      return this;
    }

    /**
     * The options.
     *
     * @throws IllegalArgumentException they contradict each other
     */
    public Options build() {
      return new Options(this);
    }
  }
}

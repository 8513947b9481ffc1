package com.appprofile.v1;

import static io.grpc.MethodDescriptor.generateFullMethodName;

/**
 * <pre>
 * For operators. A credential is checked when it is uploaded, and stored encrypted. No method returns its private part.
 * Without a key ring the server stores none: FAILED_PRECONDITION (SEALING_NOT_CONFIGURED).
 * A message may be up to 4 MiB. The metadata of a call may be up to 8 KiB, counted as in HTTP/2: the name, the value
 * and 32 bytes for each entry, including gRPC's own entries. A call beyond either limit fails with RESOURCE_EXHAUSTED.
 * </pre>
 */
@io.grpc.stub.annotations.GrpcGenerated
public final class CredentialServiceGrpc {

  private CredentialServiceGrpc() {}

  public static final java.lang.String SERVICE_NAME = "appprofile.v1.CredentialService";

  // Static method descriptors that strictly reflect the proto.
  private static volatile io.grpc.MethodDescriptor<com.appprofile.v1.UploadCredentialRequest,
      com.appprofile.v1.UploadCredentialResponse> getUploadCredentialMethod;

  @io.grpc.stub.annotations.RpcMethod(
      fullMethodName = SERVICE_NAME + '/' + "UploadCredential",
      requestType = com.appprofile.v1.UploadCredentialRequest.class,
      responseType = com.appprofile.v1.UploadCredentialResponse.class,
      methodType = io.grpc.MethodDescriptor.MethodType.UNARY)
  public static io.grpc.MethodDescriptor<com.appprofile.v1.UploadCredentialRequest,
      com.appprofile.v1.UploadCredentialResponse> getUploadCredentialMethod() {
    io.grpc.MethodDescriptor<com.appprofile.v1.UploadCredentialRequest, com.appprofile.v1.UploadCredentialResponse> getUploadCredentialMethod;
    if ((getUploadCredentialMethod = CredentialServiceGrpc.getUploadCredentialMethod) == null) {
      synchronized (CredentialServiceGrpc.class) {
        if ((getUploadCredentialMethod = CredentialServiceGrpc.getUploadCredentialMethod) == null) {
          CredentialServiceGrpc.getUploadCredentialMethod = getUploadCredentialMethod =
              io.grpc.MethodDescriptor.<com.appprofile.v1.UploadCredentialRequest, com.appprofile.v1.UploadCredentialResponse>newBuilder()
              .setType(io.grpc.MethodDescriptor.MethodType.UNARY)
              .setFullMethodName(generateFullMethodName(SERVICE_NAME, "UploadCredential"))
              .setIdempotent(true)
              .setSampledToLocalTracing(true)
              .setRequestMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  com.appprofile.v1.UploadCredentialRequest.getDefaultInstance()))
              .setResponseMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  com.appprofile.v1.UploadCredentialResponse.getDefaultInstance()))
              .setSchemaDescriptor(new CredentialServiceMethodDescriptorSupplier("UploadCredential"))
              .build();
        }
      }
    }
    return getUploadCredentialMethod;
  }

  private static volatile io.grpc.MethodDescriptor<com.appprofile.v1.GetCredentialRequest,
      com.appprofile.v1.GetCredentialResponse> getGetCredentialMethod;

  @io.grpc.stub.annotations.RpcMethod(
      fullMethodName = SERVICE_NAME + '/' + "GetCredential",
      requestType = com.appprofile.v1.GetCredentialRequest.class,
      responseType = com.appprofile.v1.GetCredentialResponse.class,
      methodType = io.grpc.MethodDescriptor.MethodType.UNARY)
  public static io.grpc.MethodDescriptor<com.appprofile.v1.GetCredentialRequest,
      com.appprofile.v1.GetCredentialResponse> getGetCredentialMethod() {
    io.grpc.MethodDescriptor<com.appprofile.v1.GetCredentialRequest, com.appprofile.v1.GetCredentialResponse> getGetCredentialMethod;
    if ((getGetCredentialMethod = CredentialServiceGrpc.getGetCredentialMethod) == null) {
      synchronized (CredentialServiceGrpc.class) {
        if ((getGetCredentialMethod = CredentialServiceGrpc.getGetCredentialMethod) == null) {
          CredentialServiceGrpc.getGetCredentialMethod = getGetCredentialMethod =
              io.grpc.MethodDescriptor.<com.appprofile.v1.GetCredentialRequest, com.appprofile.v1.GetCredentialResponse>newBuilder()
              .setType(io.grpc.MethodDescriptor.MethodType.UNARY)
              .setFullMethodName(generateFullMethodName(SERVICE_NAME, "GetCredential"))
              .setSafe(true)
              .setSampledToLocalTracing(true)
              .setRequestMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  com.appprofile.v1.GetCredentialRequest.getDefaultInstance()))
              .setResponseMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  com.appprofile.v1.GetCredentialResponse.getDefaultInstance()))
              .setSchemaDescriptor(new CredentialServiceMethodDescriptorSupplier("GetCredential"))
              .build();
        }
      }
    }
    return getGetCredentialMethod;
  }

  private static volatile io.grpc.MethodDescriptor<com.appprofile.v1.ListCredentialsRequest,
      com.appprofile.v1.ListCredentialsResponse> getListCredentialsMethod;

  @io.grpc.stub.annotations.RpcMethod(
      fullMethodName = SERVICE_NAME + '/' + "ListCredentials",
      requestType = com.appprofile.v1.ListCredentialsRequest.class,
      responseType = com.appprofile.v1.ListCredentialsResponse.class,
      methodType = io.grpc.MethodDescriptor.MethodType.UNARY)
  public static io.grpc.MethodDescriptor<com.appprofile.v1.ListCredentialsRequest,
      com.appprofile.v1.ListCredentialsResponse> getListCredentialsMethod() {
    io.grpc.MethodDescriptor<com.appprofile.v1.ListCredentialsRequest, com.appprofile.v1.ListCredentialsResponse> getListCredentialsMethod;
    if ((getListCredentialsMethod = CredentialServiceGrpc.getListCredentialsMethod) == null) {
      synchronized (CredentialServiceGrpc.class) {
        if ((getListCredentialsMethod = CredentialServiceGrpc.getListCredentialsMethod) == null) {
          CredentialServiceGrpc.getListCredentialsMethod = getListCredentialsMethod =
              io.grpc.MethodDescriptor.<com.appprofile.v1.ListCredentialsRequest, com.appprofile.v1.ListCredentialsResponse>newBuilder()
              .setType(io.grpc.MethodDescriptor.MethodType.UNARY)
              .setFullMethodName(generateFullMethodName(SERVICE_NAME, "ListCredentials"))
              .setSafe(true)
              .setSampledToLocalTracing(true)
              .setRequestMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  com.appprofile.v1.ListCredentialsRequest.getDefaultInstance()))
              .setResponseMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  com.appprofile.v1.ListCredentialsResponse.getDefaultInstance()))
              .setSchemaDescriptor(new CredentialServiceMethodDescriptorSupplier("ListCredentials"))
              .build();
        }
      }
    }
    return getListCredentialsMethod;
  }

  private static volatile io.grpc.MethodDescriptor<com.appprofile.v1.DeleteCredentialRequest,
      com.appprofile.v1.DeleteCredentialResponse> getDeleteCredentialMethod;

  @io.grpc.stub.annotations.RpcMethod(
      fullMethodName = SERVICE_NAME + '/' + "DeleteCredential",
      requestType = com.appprofile.v1.DeleteCredentialRequest.class,
      responseType = com.appprofile.v1.DeleteCredentialResponse.class,
      methodType = io.grpc.MethodDescriptor.MethodType.UNARY)
  public static io.grpc.MethodDescriptor<com.appprofile.v1.DeleteCredentialRequest,
      com.appprofile.v1.DeleteCredentialResponse> getDeleteCredentialMethod() {
    io.grpc.MethodDescriptor<com.appprofile.v1.DeleteCredentialRequest, com.appprofile.v1.DeleteCredentialResponse> getDeleteCredentialMethod;
    if ((getDeleteCredentialMethod = CredentialServiceGrpc.getDeleteCredentialMethod) == null) {
      synchronized (CredentialServiceGrpc.class) {
        if ((getDeleteCredentialMethod = CredentialServiceGrpc.getDeleteCredentialMethod) == null) {
          CredentialServiceGrpc.getDeleteCredentialMethod = getDeleteCredentialMethod =
              io.grpc.MethodDescriptor.<com.appprofile.v1.DeleteCredentialRequest, com.appprofile.v1.DeleteCredentialResponse>newBuilder()
              .setType(io.grpc.MethodDescriptor.MethodType.UNARY)
              .setFullMethodName(generateFullMethodName(SERVICE_NAME, "DeleteCredential"))
              .setIdempotent(true)
              .setSampledToLocalTracing(true)
              .setRequestMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  com.appprofile.v1.DeleteCredentialRequest.getDefaultInstance()))
              .setResponseMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  com.appprofile.v1.DeleteCredentialResponse.getDefaultInstance()))
              .setSchemaDescriptor(new CredentialServiceMethodDescriptorSupplier("DeleteCredential"))
              .build();
        }
      }
    }
    return getDeleteCredentialMethod;
  }

  private static volatile io.grpc.MethodDescriptor<com.appprofile.v1.CreateVapidKeyRequest,
      com.appprofile.v1.CreateVapidKeyResponse> getCreateVapidKeyMethod;

  @io.grpc.stub.annotations.RpcMethod(
      fullMethodName = SERVICE_NAME + '/' + "CreateVapidKey",
      requestType = com.appprofile.v1.CreateVapidKeyRequest.class,
      responseType = com.appprofile.v1.CreateVapidKeyResponse.class,
      methodType = io.grpc.MethodDescriptor.MethodType.UNARY)
  public static io.grpc.MethodDescriptor<com.appprofile.v1.CreateVapidKeyRequest,
      com.appprofile.v1.CreateVapidKeyResponse> getCreateVapidKeyMethod() {
    io.grpc.MethodDescriptor<com.appprofile.v1.CreateVapidKeyRequest, com.appprofile.v1.CreateVapidKeyResponse> getCreateVapidKeyMethod;
    if ((getCreateVapidKeyMethod = CredentialServiceGrpc.getCreateVapidKeyMethod) == null) {
      synchronized (CredentialServiceGrpc.class) {
        if ((getCreateVapidKeyMethod = CredentialServiceGrpc.getCreateVapidKeyMethod) == null) {
          CredentialServiceGrpc.getCreateVapidKeyMethod = getCreateVapidKeyMethod =
              io.grpc.MethodDescriptor.<com.appprofile.v1.CreateVapidKeyRequest, com.appprofile.v1.CreateVapidKeyResponse>newBuilder()
              .setType(io.grpc.MethodDescriptor.MethodType.UNARY)
              .setFullMethodName(generateFullMethodName(SERVICE_NAME, "CreateVapidKey"))
              .setSampledToLocalTracing(true)
              .setRequestMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  com.appprofile.v1.CreateVapidKeyRequest.getDefaultInstance()))
              .setResponseMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  com.appprofile.v1.CreateVapidKeyResponse.getDefaultInstance()))
              .setSchemaDescriptor(new CredentialServiceMethodDescriptorSupplier("CreateVapidKey"))
              .build();
        }
      }
    }
    return getCreateVapidKeyMethod;
  }

  /**
   * Creates a new async stub that supports all call types for the service
   */
  public static CredentialServiceStub newStub(io.grpc.Channel channel) {
    io.grpc.stub.AbstractStub.StubFactory<CredentialServiceStub> factory =
      new io.grpc.stub.AbstractStub.StubFactory<CredentialServiceStub>() {
        @java.lang.Override
        public CredentialServiceStub newStub(io.grpc.Channel channel, io.grpc.CallOptions callOptions) {
          return new CredentialServiceStub(channel, callOptions);
        }
      };
    return CredentialServiceStub.newStub(factory, channel);
  }

  /**
   * Creates a new blocking-style stub that supports all types of calls on the service
   */
  public static CredentialServiceBlockingV2Stub newBlockingV2Stub(
      io.grpc.Channel channel) {
    io.grpc.stub.AbstractStub.StubFactory<CredentialServiceBlockingV2Stub> factory =
      new io.grpc.stub.AbstractStub.StubFactory<CredentialServiceBlockingV2Stub>() {
        @java.lang.Override
        public CredentialServiceBlockingV2Stub newStub(io.grpc.Channel channel, io.grpc.CallOptions callOptions) {
          return new CredentialServiceBlockingV2Stub(channel, callOptions);
        }
      };
    return CredentialServiceBlockingV2Stub.newStub(factory, channel);
  }

  /**
   * Creates a new blocking-style stub that supports unary and streaming output calls on the service
   */
  public static CredentialServiceBlockingStub newBlockingStub(
      io.grpc.Channel channel) {
    io.grpc.stub.AbstractStub.StubFactory<CredentialServiceBlockingStub> factory =
      new io.grpc.stub.AbstractStub.StubFactory<CredentialServiceBlockingStub>() {
        @java.lang.Override
        public CredentialServiceBlockingStub newStub(io.grpc.Channel channel, io.grpc.CallOptions callOptions) {
          return new CredentialServiceBlockingStub(channel, callOptions);
        }
      };
    return CredentialServiceBlockingStub.newStub(factory, channel);
  }

  /**
   * Creates a new ListenableFuture-style stub that supports unary calls on the service
   */
  public static CredentialServiceFutureStub newFutureStub(
      io.grpc.Channel channel) {
    io.grpc.stub.AbstractStub.StubFactory<CredentialServiceFutureStub> factory =
      new io.grpc.stub.AbstractStub.StubFactory<CredentialServiceFutureStub>() {
        @java.lang.Override
        public CredentialServiceFutureStub newStub(io.grpc.Channel channel, io.grpc.CallOptions callOptions) {
          return new CredentialServiceFutureStub(channel, callOptions);
        }
      };
    return CredentialServiceFutureStub.newStub(factory, channel);
  }

  /**
   * <pre>
   * For operators. A credential is checked when it is uploaded, and stored encrypted. No method returns its private part.
   * Without a key ring the server stores none: FAILED_PRECONDITION (SEALING_NOT_CONFIGURED).
   * A message may be up to 4 MiB. The metadata of a call may be up to 8 KiB, counted as in HTTP/2: the name, the value
   * and 32 bytes for each entry, including gRPC's own entries. A call beyond either limit fails with RESOURCE_EXHAUSTED.
   * </pre>
   */
  public interface AsyncService {

    /**
     * <pre>
     * Checks and stores a credential. It becomes the newest version of its name. Repeating it succeeds: what the newest
     * version of the name already holds is stored once. Errors: INVALID_ARGUMENT (PUSH_CREDENTIAL_INVALID,
     * LEGACY_CREDENTIAL), FAILED_PRECONDITION (SEALING_NOT_CONFIGURED, PUSH_CREDENTIAL_NAME_TAKEN,
     * TOO_MANY_PUSH_CREDENTIALS).
     * </pre>
     */
    default void uploadCredential(com.appprofile.v1.UploadCredentialRequest request,
        io.grpc.stub.StreamObserver<com.appprofile.v1.UploadCredentialResponse> responseObserver) {
      io.grpc.stub.ServerCalls.asyncUnimplementedUnaryCall(getUploadCredentialMethod(), responseObserver);
    }

    /**
     * <pre>
     * Reads a credential, without its private part. Errors: NOT_FOUND (PUSH_CREDENTIAL_NOT_FOUND).
     * </pre>
     */
    default void getCredential(com.appprofile.v1.GetCredentialRequest request,
        io.grpc.stub.StreamObserver<com.appprofile.v1.GetCredentialResponse> responseObserver) {
      io.grpc.stub.ServerCalls.asyncUnimplementedUnaryCall(getGetCredentialMethod(), responseObserver);
    }

    /**
     * <pre>
     * Lists the app's credentials, at most 100, by name and the newest version first.
     * </pre>
     */
    default void listCredentials(com.appprofile.v1.ListCredentialsRequest request,
        io.grpc.stub.StreamObserver<com.appprofile.v1.ListCredentialsResponse> responseObserver) {
      io.grpc.stub.ServerCalls.asyncUnimplementedUnaryCall(getListCredentialsMethod(), responseObserver);
    }

    /**
     * <pre>
     * Deletes one version of a credential, irreversibly. Errors: NOT_FOUND (PUSH_CREDENTIAL_NOT_FOUND) unless `allow_missing`.
     * </pre>
     */
    default void deleteCredential(com.appprofile.v1.DeleteCredentialRequest request,
        io.grpc.stub.StreamObserver<com.appprofile.v1.DeleteCredentialResponse> responseObserver) {
      io.grpc.stub.ServerCalls.asyncUnimplementedUnaryCall(getDeleteCredentialMethod(), responseObserver);
    }

    /**
     * <pre>
     * Makes a VAPID key. Browsers that subscribed with an earlier one need that one. Not idempotent: a repeated call makes
     * another key. Errors: FAILED_PRECONDITION (SEALING_NOT_CONFIGURED, PUSH_CREDENTIAL_NAME_TAKEN,
     * TOO_MANY_PUSH_CREDENTIALS).
     * </pre>
     */
    default void createVapidKey(com.appprofile.v1.CreateVapidKeyRequest request,
        io.grpc.stub.StreamObserver<com.appprofile.v1.CreateVapidKeyResponse> responseObserver) {
      io.grpc.stub.ServerCalls.asyncUnimplementedUnaryCall(getCreateVapidKeyMethod(), responseObserver);
    }
  }

  /**
   * Base class for the server implementation of the service CredentialService.
   * <pre>
   * For operators. A credential is checked when it is uploaded, and stored encrypted. No method returns its private part.
   * Without a key ring the server stores none: FAILED_PRECONDITION (SEALING_NOT_CONFIGURED).
   * A message may be up to 4 MiB. The metadata of a call may be up to 8 KiB, counted as in HTTP/2: the name, the value
   * and 32 bytes for each entry, including gRPC's own entries. A call beyond either limit fails with RESOURCE_EXHAUSTED.
   * </pre>
   */
  public static abstract class CredentialServiceImplBase
      implements io.grpc.BindableService, AsyncService {

    @java.lang.Override public final io.grpc.ServerServiceDefinition bindService() {
      return CredentialServiceGrpc.bindService(this);
    }
  }

  /**
   * A stub to allow clients to do asynchronous rpc calls to service CredentialService.
   * <pre>
   * For operators. A credential is checked when it is uploaded, and stored encrypted. No method returns its private part.
   * Without a key ring the server stores none: FAILED_PRECONDITION (SEALING_NOT_CONFIGURED).
   * A message may be up to 4 MiB. The metadata of a call may be up to 8 KiB, counted as in HTTP/2: the name, the value
   * and 32 bytes for each entry, including gRPC's own entries. A call beyond either limit fails with RESOURCE_EXHAUSTED.
   * </pre>
   */
  public static final class CredentialServiceStub
      extends io.grpc.stub.AbstractAsyncStub<CredentialServiceStub> {
    private CredentialServiceStub(
        io.grpc.Channel channel, io.grpc.CallOptions callOptions) {
      super(channel, callOptions);
    }

    @java.lang.Override
    protected CredentialServiceStub build(
        io.grpc.Channel channel, io.grpc.CallOptions callOptions) {
      return new CredentialServiceStub(channel, callOptions);
    }

    /**
     * <pre>
     * Checks and stores a credential. It becomes the newest version of its name. Repeating it succeeds: what the newest
     * version of the name already holds is stored once. Errors: INVALID_ARGUMENT (PUSH_CREDENTIAL_INVALID,
     * LEGACY_CREDENTIAL), FAILED_PRECONDITION (SEALING_NOT_CONFIGURED, PUSH_CREDENTIAL_NAME_TAKEN,
     * TOO_MANY_PUSH_CREDENTIALS).
     * </pre>
     */
    public void uploadCredential(com.appprofile.v1.UploadCredentialRequest request,
        io.grpc.stub.StreamObserver<com.appprofile.v1.UploadCredentialResponse> responseObserver) {
      io.grpc.stub.ClientCalls.asyncUnaryCall(
          getChannel().newCall(getUploadCredentialMethod(), getCallOptions()), request, responseObserver);
    }

    /**
     * <pre>
     * Reads a credential, without its private part. Errors: NOT_FOUND (PUSH_CREDENTIAL_NOT_FOUND).
     * </pre>
     */
    public void getCredential(com.appprofile.v1.GetCredentialRequest request,
        io.grpc.stub.StreamObserver<com.appprofile.v1.GetCredentialResponse> responseObserver) {
      io.grpc.stub.ClientCalls.asyncUnaryCall(
          getChannel().newCall(getGetCredentialMethod(), getCallOptions()), request, responseObserver);
    }

    /**
     * <pre>
     * Lists the app's credentials, at most 100, by name and the newest version first.
     * </pre>
     */
    public void listCredentials(com.appprofile.v1.ListCredentialsRequest request,
        io.grpc.stub.StreamObserver<com.appprofile.v1.ListCredentialsResponse> responseObserver) {
      io.grpc.stub.ClientCalls.asyncUnaryCall(
          getChannel().newCall(getListCredentialsMethod(), getCallOptions()), request, responseObserver);
    }

    /**
     * <pre>
     * Deletes one version of a credential, irreversibly. Errors: NOT_FOUND (PUSH_CREDENTIAL_NOT_FOUND) unless `allow_missing`.
     * </pre>
     */
    public void deleteCredential(com.appprofile.v1.DeleteCredentialRequest request,
        io.grpc.stub.StreamObserver<com.appprofile.v1.DeleteCredentialResponse> responseObserver) {
      io.grpc.stub.ClientCalls.asyncUnaryCall(
          getChannel().newCall(getDeleteCredentialMethod(), getCallOptions()), request, responseObserver);
    }

    /**
     * <pre>
     * Makes a VAPID key. Browsers that subscribed with an earlier one need that one. Not idempotent: a repeated call makes
     * another key. Errors: FAILED_PRECONDITION (SEALING_NOT_CONFIGURED, PUSH_CREDENTIAL_NAME_TAKEN,
     * TOO_MANY_PUSH_CREDENTIALS).
     * </pre>
     */
    public void createVapidKey(com.appprofile.v1.CreateVapidKeyRequest request,
        io.grpc.stub.StreamObserver<com.appprofile.v1.CreateVapidKeyResponse> responseObserver) {
      io.grpc.stub.ClientCalls.asyncUnaryCall(
          getChannel().newCall(getCreateVapidKeyMethod(), getCallOptions()), request, responseObserver);
    }
  }

  /**
   * A stub to allow clients to do synchronous rpc calls to service CredentialService.
   * <pre>
   * For operators. A credential is checked when it is uploaded, and stored encrypted. No method returns its private part.
   * Without a key ring the server stores none: FAILED_PRECONDITION (SEALING_NOT_CONFIGURED).
   * A message may be up to 4 MiB. The metadata of a call may be up to 8 KiB, counted as in HTTP/2: the name, the value
   * and 32 bytes for each entry, including gRPC's own entries. A call beyond either limit fails with RESOURCE_EXHAUSTED.
   * </pre>
   */
  public static final class CredentialServiceBlockingV2Stub
      extends io.grpc.stub.AbstractBlockingStub<CredentialServiceBlockingV2Stub> {
    private CredentialServiceBlockingV2Stub(
        io.grpc.Channel channel, io.grpc.CallOptions callOptions) {
      super(channel, callOptions);
    }

    @java.lang.Override
    protected CredentialServiceBlockingV2Stub build(
        io.grpc.Channel channel, io.grpc.CallOptions callOptions) {
      return new CredentialServiceBlockingV2Stub(channel, callOptions);
    }

    /**
     * <pre>
     * Checks and stores a credential. It becomes the newest version of its name. Repeating it succeeds: what the newest
     * version of the name already holds is stored once. Errors: INVALID_ARGUMENT (PUSH_CREDENTIAL_INVALID,
     * LEGACY_CREDENTIAL), FAILED_PRECONDITION (SEALING_NOT_CONFIGURED, PUSH_CREDENTIAL_NAME_TAKEN,
     * TOO_MANY_PUSH_CREDENTIALS).
     * </pre>
     */
    public com.appprofile.v1.UploadCredentialResponse uploadCredential(com.appprofile.v1.UploadCredentialRequest request) throws io.grpc.StatusException {
      return io.grpc.stub.ClientCalls.blockingV2UnaryCall(
          getChannel(), getUploadCredentialMethod(), getCallOptions(), request);
    }

    /**
     * <pre>
     * Reads a credential, without its private part. Errors: NOT_FOUND (PUSH_CREDENTIAL_NOT_FOUND).
     * </pre>
     */
    public com.appprofile.v1.GetCredentialResponse getCredential(com.appprofile.v1.GetCredentialRequest request) throws io.grpc.StatusException {
      return io.grpc.stub.ClientCalls.blockingV2UnaryCall(
          getChannel(), getGetCredentialMethod(), getCallOptions(), request);
    }

    /**
     * <pre>
     * Lists the app's credentials, at most 100, by name and the newest version first.
     * </pre>
     */
    public com.appprofile.v1.ListCredentialsResponse listCredentials(com.appprofile.v1.ListCredentialsRequest request) throws io.grpc.StatusException {
      return io.grpc.stub.ClientCalls.blockingV2UnaryCall(
          getChannel(), getListCredentialsMethod(), getCallOptions(), request);
    }

    /**
     * <pre>
     * Deletes one version of a credential, irreversibly. Errors: NOT_FOUND (PUSH_CREDENTIAL_NOT_FOUND) unless `allow_missing`.
     * </pre>
     */
    public com.appprofile.v1.DeleteCredentialResponse deleteCredential(com.appprofile.v1.DeleteCredentialRequest request) throws io.grpc.StatusException {
      return io.grpc.stub.ClientCalls.blockingV2UnaryCall(
          getChannel(), getDeleteCredentialMethod(), getCallOptions(), request);
    }

    /**
     * <pre>
     * Makes a VAPID key. Browsers that subscribed with an earlier one need that one. Not idempotent: a repeated call makes
     * another key. Errors: FAILED_PRECONDITION (SEALING_NOT_CONFIGURED, PUSH_CREDENTIAL_NAME_TAKEN,
     * TOO_MANY_PUSH_CREDENTIALS).
     * </pre>
     */
    public com.appprofile.v1.CreateVapidKeyResponse createVapidKey(com.appprofile.v1.CreateVapidKeyRequest request) throws io.grpc.StatusException {
      return io.grpc.stub.ClientCalls.blockingV2UnaryCall(
          getChannel(), getCreateVapidKeyMethod(), getCallOptions(), request);
    }
  }

  /**
   * A stub to allow clients to do limited synchronous rpc calls to service CredentialService.
   * <pre>
   * For operators. A credential is checked when it is uploaded, and stored encrypted. No method returns its private part.
   * Without a key ring the server stores none: FAILED_PRECONDITION (SEALING_NOT_CONFIGURED).
   * A message may be up to 4 MiB. The metadata of a call may be up to 8 KiB, counted as in HTTP/2: the name, the value
   * and 32 bytes for each entry, including gRPC's own entries. A call beyond either limit fails with RESOURCE_EXHAUSTED.
   * </pre>
   */
  public static final class CredentialServiceBlockingStub
      extends io.grpc.stub.AbstractBlockingStub<CredentialServiceBlockingStub> {
    private CredentialServiceBlockingStub(
        io.grpc.Channel channel, io.grpc.CallOptions callOptions) {
      super(channel, callOptions);
    }

    @java.lang.Override
    protected CredentialServiceBlockingStub build(
        io.grpc.Channel channel, io.grpc.CallOptions callOptions) {
      return new CredentialServiceBlockingStub(channel, callOptions);
    }

    /**
     * <pre>
     * Checks and stores a credential. It becomes the newest version of its name. Repeating it succeeds: what the newest
     * version of the name already holds is stored once. Errors: INVALID_ARGUMENT (PUSH_CREDENTIAL_INVALID,
     * LEGACY_CREDENTIAL), FAILED_PRECONDITION (SEALING_NOT_CONFIGURED, PUSH_CREDENTIAL_NAME_TAKEN,
     * TOO_MANY_PUSH_CREDENTIALS).
     * </pre>
     */
    public com.appprofile.v1.UploadCredentialResponse uploadCredential(com.appprofile.v1.UploadCredentialRequest request) {
      return io.grpc.stub.ClientCalls.blockingUnaryCall(
          getChannel(), getUploadCredentialMethod(), getCallOptions(), request);
    }

    /**
     * <pre>
     * Reads a credential, without its private part. Errors: NOT_FOUND (PUSH_CREDENTIAL_NOT_FOUND).
     * </pre>
     */
    public com.appprofile.v1.GetCredentialResponse getCredential(com.appprofile.v1.GetCredentialRequest request) {
      return io.grpc.stub.ClientCalls.blockingUnaryCall(
          getChannel(), getGetCredentialMethod(), getCallOptions(), request);
    }

    /**
     * <pre>
     * Lists the app's credentials, at most 100, by name and the newest version first.
     * </pre>
     */
    public com.appprofile.v1.ListCredentialsResponse listCredentials(com.appprofile.v1.ListCredentialsRequest request) {
      return io.grpc.stub.ClientCalls.blockingUnaryCall(
          getChannel(), getListCredentialsMethod(), getCallOptions(), request);
    }

    /**
     * <pre>
     * Deletes one version of a credential, irreversibly. Errors: NOT_FOUND (PUSH_CREDENTIAL_NOT_FOUND) unless `allow_missing`.
     * </pre>
     */
    public com.appprofile.v1.DeleteCredentialResponse deleteCredential(com.appprofile.v1.DeleteCredentialRequest request) {
      return io.grpc.stub.ClientCalls.blockingUnaryCall(
          getChannel(), getDeleteCredentialMethod(), getCallOptions(), request);
    }

    /**
     * <pre>
     * Makes a VAPID key. Browsers that subscribed with an earlier one need that one. Not idempotent: a repeated call makes
     * another key. Errors: FAILED_PRECONDITION (SEALING_NOT_CONFIGURED, PUSH_CREDENTIAL_NAME_TAKEN,
     * TOO_MANY_PUSH_CREDENTIALS).
     * </pre>
     */
    public com.appprofile.v1.CreateVapidKeyResponse createVapidKey(com.appprofile.v1.CreateVapidKeyRequest request) {
      return io.grpc.stub.ClientCalls.blockingUnaryCall(
          getChannel(), getCreateVapidKeyMethod(), getCallOptions(), request);
    }
  }

  /**
   * A stub to allow clients to do ListenableFuture-style rpc calls to service CredentialService.
   * <pre>
   * For operators. A credential is checked when it is uploaded, and stored encrypted. No method returns its private part.
   * Without a key ring the server stores none: FAILED_PRECONDITION (SEALING_NOT_CONFIGURED).
   * A message may be up to 4 MiB. The metadata of a call may be up to 8 KiB, counted as in HTTP/2: the name, the value
   * and 32 bytes for each entry, including gRPC's own entries. A call beyond either limit fails with RESOURCE_EXHAUSTED.
   * </pre>
   */
  public static final class CredentialServiceFutureStub
      extends io.grpc.stub.AbstractFutureStub<CredentialServiceFutureStub> {
    private CredentialServiceFutureStub(
        io.grpc.Channel channel, io.grpc.CallOptions callOptions) {
      super(channel, callOptions);
    }

    @java.lang.Override
    protected CredentialServiceFutureStub build(
        io.grpc.Channel channel, io.grpc.CallOptions callOptions) {
      return new CredentialServiceFutureStub(channel, callOptions);
    }

    /**
     * <pre>
     * Checks and stores a credential. It becomes the newest version of its name. Repeating it succeeds: what the newest
     * version of the name already holds is stored once. Errors: INVALID_ARGUMENT (PUSH_CREDENTIAL_INVALID,
     * LEGACY_CREDENTIAL), FAILED_PRECONDITION (SEALING_NOT_CONFIGURED, PUSH_CREDENTIAL_NAME_TAKEN,
     * TOO_MANY_PUSH_CREDENTIALS).
     * </pre>
     */
    public com.google.common.util.concurrent.ListenableFuture<com.appprofile.v1.UploadCredentialResponse> uploadCredential(
        com.appprofile.v1.UploadCredentialRequest request) {
      return io.grpc.stub.ClientCalls.futureUnaryCall(
          getChannel().newCall(getUploadCredentialMethod(), getCallOptions()), request);
    }

    /**
     * <pre>
     * Reads a credential, without its private part. Errors: NOT_FOUND (PUSH_CREDENTIAL_NOT_FOUND).
     * </pre>
     */
    public com.google.common.util.concurrent.ListenableFuture<com.appprofile.v1.GetCredentialResponse> getCredential(
        com.appprofile.v1.GetCredentialRequest request) {
      return io.grpc.stub.ClientCalls.futureUnaryCall(
          getChannel().newCall(getGetCredentialMethod(), getCallOptions()), request);
    }

    /**
     * <pre>
     * Lists the app's credentials, at most 100, by name and the newest version first.
     * </pre>
     */
    public com.google.common.util.concurrent.ListenableFuture<com.appprofile.v1.ListCredentialsResponse> listCredentials(
        com.appprofile.v1.ListCredentialsRequest request) {
      return io.grpc.stub.ClientCalls.futureUnaryCall(
          getChannel().newCall(getListCredentialsMethod(), getCallOptions()), request);
    }

    /**
     * <pre>
     * Deletes one version of a credential, irreversibly. Errors: NOT_FOUND (PUSH_CREDENTIAL_NOT_FOUND) unless `allow_missing`.
     * </pre>
     */
    public com.google.common.util.concurrent.ListenableFuture<com.appprofile.v1.DeleteCredentialResponse> deleteCredential(
        com.appprofile.v1.DeleteCredentialRequest request) {
      return io.grpc.stub.ClientCalls.futureUnaryCall(
          getChannel().newCall(getDeleteCredentialMethod(), getCallOptions()), request);
    }

    /**
     * <pre>
     * Makes a VAPID key. Browsers that subscribed with an earlier one need that one. Not idempotent: a repeated call makes
     * another key. Errors: FAILED_PRECONDITION (SEALING_NOT_CONFIGURED, PUSH_CREDENTIAL_NAME_TAKEN,
     * TOO_MANY_PUSH_CREDENTIALS).
     * </pre>
     */
    public com.google.common.util.concurrent.ListenableFuture<com.appprofile.v1.CreateVapidKeyResponse> createVapidKey(
        com.appprofile.v1.CreateVapidKeyRequest request) {
      return io.grpc.stub.ClientCalls.futureUnaryCall(
          getChannel().newCall(getCreateVapidKeyMethod(), getCallOptions()), request);
    }
  }

  private static final int METHODID_UPLOAD_CREDENTIAL = 0;
  private static final int METHODID_GET_CREDENTIAL = 1;
  private static final int METHODID_LIST_CREDENTIALS = 2;
  private static final int METHODID_DELETE_CREDENTIAL = 3;
  private static final int METHODID_CREATE_VAPID_KEY = 4;

  private static final class MethodHandlers<Req, Resp> implements
      io.grpc.stub.ServerCalls.UnaryMethod<Req, Resp>,
      io.grpc.stub.ServerCalls.ServerStreamingMethod<Req, Resp>,
      io.grpc.stub.ServerCalls.ClientStreamingMethod<Req, Resp>,
      io.grpc.stub.ServerCalls.BidiStreamingMethod<Req, Resp> {
    private final AsyncService serviceImpl;
    private final int methodId;

    MethodHandlers(AsyncService serviceImpl, int methodId) {
      this.serviceImpl = serviceImpl;
      this.methodId = methodId;
    }

    @java.lang.Override
    @java.lang.SuppressWarnings("unchecked")
    public void invoke(Req request, io.grpc.stub.StreamObserver<Resp> responseObserver) {
      switch (methodId) {
        case METHODID_UPLOAD_CREDENTIAL:
          serviceImpl.uploadCredential((com.appprofile.v1.UploadCredentialRequest) request,
              (io.grpc.stub.StreamObserver<com.appprofile.v1.UploadCredentialResponse>) responseObserver);
          break;
        case METHODID_GET_CREDENTIAL:
          serviceImpl.getCredential((com.appprofile.v1.GetCredentialRequest) request,
              (io.grpc.stub.StreamObserver<com.appprofile.v1.GetCredentialResponse>) responseObserver);
          break;
        case METHODID_LIST_CREDENTIALS:
          serviceImpl.listCredentials((com.appprofile.v1.ListCredentialsRequest) request,
              (io.grpc.stub.StreamObserver<com.appprofile.v1.ListCredentialsResponse>) responseObserver);
          break;
        case METHODID_DELETE_CREDENTIAL:
          serviceImpl.deleteCredential((com.appprofile.v1.DeleteCredentialRequest) request,
              (io.grpc.stub.StreamObserver<com.appprofile.v1.DeleteCredentialResponse>) responseObserver);
          break;
        case METHODID_CREATE_VAPID_KEY:
          serviceImpl.createVapidKey((com.appprofile.v1.CreateVapidKeyRequest) request,
              (io.grpc.stub.StreamObserver<com.appprofile.v1.CreateVapidKeyResponse>) responseObserver);
          break;
        default:
          throw new AssertionError();
      }
    }

    @java.lang.Override
    @java.lang.SuppressWarnings("unchecked")
    public io.grpc.stub.StreamObserver<Req> invoke(
        io.grpc.stub.StreamObserver<Resp> responseObserver) {
      switch (methodId) {
        default:
          throw new AssertionError();
      }
    }
  }

  public static final io.grpc.ServerServiceDefinition bindService(AsyncService service) {
    return io.grpc.ServerServiceDefinition.builder(getServiceDescriptor())
        .addMethod(
          getUploadCredentialMethod(),
          io.grpc.stub.ServerCalls.asyncUnaryCall(
            new MethodHandlers<
              com.appprofile.v1.UploadCredentialRequest,
              com.appprofile.v1.UploadCredentialResponse>(
                service, METHODID_UPLOAD_CREDENTIAL)))
        .addMethod(
          getGetCredentialMethod(),
          io.grpc.stub.ServerCalls.asyncUnaryCall(
            new MethodHandlers<
              com.appprofile.v1.GetCredentialRequest,
              com.appprofile.v1.GetCredentialResponse>(
                service, METHODID_GET_CREDENTIAL)))
        .addMethod(
          getListCredentialsMethod(),
          io.grpc.stub.ServerCalls.asyncUnaryCall(
            new MethodHandlers<
              com.appprofile.v1.ListCredentialsRequest,
              com.appprofile.v1.ListCredentialsResponse>(
                service, METHODID_LIST_CREDENTIALS)))
        .addMethod(
          getDeleteCredentialMethod(),
          io.grpc.stub.ServerCalls.asyncUnaryCall(
            new MethodHandlers<
              com.appprofile.v1.DeleteCredentialRequest,
              com.appprofile.v1.DeleteCredentialResponse>(
                service, METHODID_DELETE_CREDENTIAL)))
        .addMethod(
          getCreateVapidKeyMethod(),
          io.grpc.stub.ServerCalls.asyncUnaryCall(
            new MethodHandlers<
              com.appprofile.v1.CreateVapidKeyRequest,
              com.appprofile.v1.CreateVapidKeyResponse>(
                service, METHODID_CREATE_VAPID_KEY)))
        .build();
  }

  private static abstract class CredentialServiceBaseDescriptorSupplier
      implements io.grpc.protobuf.ProtoFileDescriptorSupplier, io.grpc.protobuf.ProtoServiceDescriptorSupplier {
    CredentialServiceBaseDescriptorSupplier() {}

    @java.lang.Override
    public com.google.protobuf.Descriptors.FileDescriptor getFileDescriptor() {
      return com.appprofile.v1.CredentialServiceProto.getDescriptor();
    }

    @java.lang.Override
    public com.google.protobuf.Descriptors.ServiceDescriptor getServiceDescriptor() {
      return getFileDescriptor().findServiceByName("CredentialService");
    }
  }

  private static final class CredentialServiceFileDescriptorSupplier
      extends CredentialServiceBaseDescriptorSupplier {
    CredentialServiceFileDescriptorSupplier() {}
  }

  private static final class CredentialServiceMethodDescriptorSupplier
      extends CredentialServiceBaseDescriptorSupplier
      implements io.grpc.protobuf.ProtoMethodDescriptorSupplier {
    private final java.lang.String methodName;

    CredentialServiceMethodDescriptorSupplier(java.lang.String methodName) {
      this.methodName = methodName;
    }

    @java.lang.Override
    public com.google.protobuf.Descriptors.MethodDescriptor getMethodDescriptor() {
      return getServiceDescriptor().findMethodByName(methodName);
    }
  }

  private static volatile io.grpc.ServiceDescriptor serviceDescriptor;

  public static io.grpc.ServiceDescriptor getServiceDescriptor() {
    io.grpc.ServiceDescriptor result = serviceDescriptor;
    if (result == null) {
      synchronized (CredentialServiceGrpc.class) {
        result = serviceDescriptor;
        if (result == null) {
          serviceDescriptor = result = io.grpc.ServiceDescriptor.newBuilder(SERVICE_NAME)
              .setSchemaDescriptor(new CredentialServiceFileDescriptorSupplier())
              .addMethod(getUploadCredentialMethod())
              .addMethod(getGetCredentialMethod())
              .addMethod(getListCredentialsMethod())
              .addMethod(getDeleteCredentialMethod())
              .addMethod(getCreateVapidKeyMethod())
              .build();
        }
      }
    }
    return result;
  }
}

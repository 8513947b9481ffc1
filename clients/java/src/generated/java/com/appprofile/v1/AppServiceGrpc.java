package com.appprofile.v1;

import static io.grpc.MethodDescriptor.generateFullMethodName;

/**
 * <pre>
 * The service for operators. Internal services may also call GetApp, ListApps and GetSdkConfig, and SDKs GetSdkConfig.
 * A message may be up to 4 MiB. The metadata of a call may be up to 8 KiB, counted as in HTTP/2: the name, the value
 * and 32 bytes for each entry, including gRPC's own entries. A call beyond either limit fails with RESOURCE_EXHAUSTED.
 * </pre>
 */
@io.grpc.stub.annotations.GrpcGenerated
public final class AppServiceGrpc {

  private AppServiceGrpc() {}

  public static final java.lang.String SERVICE_NAME = "appprofile.v1.AppService";

  // Static method descriptors that strictly reflect the proto.
  private static volatile io.grpc.MethodDescriptor<com.appprofile.v1.CreateAppRequest,
      com.appprofile.v1.CreateAppResponse> getCreateAppMethod;

  @io.grpc.stub.annotations.RpcMethod(
      fullMethodName = SERVICE_NAME + '/' + "CreateApp",
      requestType = com.appprofile.v1.CreateAppRequest.class,
      responseType = com.appprofile.v1.CreateAppResponse.class,
      methodType = io.grpc.MethodDescriptor.MethodType.UNARY)
  public static io.grpc.MethodDescriptor<com.appprofile.v1.CreateAppRequest,
      com.appprofile.v1.CreateAppResponse> getCreateAppMethod() {
    io.grpc.MethodDescriptor<com.appprofile.v1.CreateAppRequest, com.appprofile.v1.CreateAppResponse> getCreateAppMethod;
    if ((getCreateAppMethod = AppServiceGrpc.getCreateAppMethod) == null) {
      synchronized (AppServiceGrpc.class) {
        if ((getCreateAppMethod = AppServiceGrpc.getCreateAppMethod) == null) {
          AppServiceGrpc.getCreateAppMethod = getCreateAppMethod =
              io.grpc.MethodDescriptor.<com.appprofile.v1.CreateAppRequest, com.appprofile.v1.CreateAppResponse>newBuilder()
              .setType(io.grpc.MethodDescriptor.MethodType.UNARY)
              .setFullMethodName(generateFullMethodName(SERVICE_NAME, "CreateApp"))
              .setIdempotent(true)
              .setSampledToLocalTracing(true)
              .setRequestMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  com.appprofile.v1.CreateAppRequest.getDefaultInstance()))
              .setResponseMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  com.appprofile.v1.CreateAppResponse.getDefaultInstance()))
              .setSchemaDescriptor(new AppServiceMethodDescriptorSupplier("CreateApp"))
              .build();
        }
      }
    }
    return getCreateAppMethod;
  }

  private static volatile io.grpc.MethodDescriptor<com.appprofile.v1.GetAppRequest,
      com.appprofile.v1.GetAppResponse> getGetAppMethod;

  @io.grpc.stub.annotations.RpcMethod(
      fullMethodName = SERVICE_NAME + '/' + "GetApp",
      requestType = com.appprofile.v1.GetAppRequest.class,
      responseType = com.appprofile.v1.GetAppResponse.class,
      methodType = io.grpc.MethodDescriptor.MethodType.UNARY)
  public static io.grpc.MethodDescriptor<com.appprofile.v1.GetAppRequest,
      com.appprofile.v1.GetAppResponse> getGetAppMethod() {
    io.grpc.MethodDescriptor<com.appprofile.v1.GetAppRequest, com.appprofile.v1.GetAppResponse> getGetAppMethod;
    if ((getGetAppMethod = AppServiceGrpc.getGetAppMethod) == null) {
      synchronized (AppServiceGrpc.class) {
        if ((getGetAppMethod = AppServiceGrpc.getGetAppMethod) == null) {
          AppServiceGrpc.getGetAppMethod = getGetAppMethod =
              io.grpc.MethodDescriptor.<com.appprofile.v1.GetAppRequest, com.appprofile.v1.GetAppResponse>newBuilder()
              .setType(io.grpc.MethodDescriptor.MethodType.UNARY)
              .setFullMethodName(generateFullMethodName(SERVICE_NAME, "GetApp"))
              .setSafe(true)
              .setSampledToLocalTracing(true)
              .setRequestMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  com.appprofile.v1.GetAppRequest.getDefaultInstance()))
              .setResponseMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  com.appprofile.v1.GetAppResponse.getDefaultInstance()))
              .setSchemaDescriptor(new AppServiceMethodDescriptorSupplier("GetApp"))
              .build();
        }
      }
    }
    return getGetAppMethod;
  }

  private static volatile io.grpc.MethodDescriptor<com.appprofile.v1.UpdateAppRequest,
      com.appprofile.v1.UpdateAppResponse> getUpdateAppMethod;

  @io.grpc.stub.annotations.RpcMethod(
      fullMethodName = SERVICE_NAME + '/' + "UpdateApp",
      requestType = com.appprofile.v1.UpdateAppRequest.class,
      responseType = com.appprofile.v1.UpdateAppResponse.class,
      methodType = io.grpc.MethodDescriptor.MethodType.UNARY)
  public static io.grpc.MethodDescriptor<com.appprofile.v1.UpdateAppRequest,
      com.appprofile.v1.UpdateAppResponse> getUpdateAppMethod() {
    io.grpc.MethodDescriptor<com.appprofile.v1.UpdateAppRequest, com.appprofile.v1.UpdateAppResponse> getUpdateAppMethod;
    if ((getUpdateAppMethod = AppServiceGrpc.getUpdateAppMethod) == null) {
      synchronized (AppServiceGrpc.class) {
        if ((getUpdateAppMethod = AppServiceGrpc.getUpdateAppMethod) == null) {
          AppServiceGrpc.getUpdateAppMethod = getUpdateAppMethod =
              io.grpc.MethodDescriptor.<com.appprofile.v1.UpdateAppRequest, com.appprofile.v1.UpdateAppResponse>newBuilder()
              .setType(io.grpc.MethodDescriptor.MethodType.UNARY)
              .setFullMethodName(generateFullMethodName(SERVICE_NAME, "UpdateApp"))
              .setIdempotent(true)
              .setSampledToLocalTracing(true)
              .setRequestMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  com.appprofile.v1.UpdateAppRequest.getDefaultInstance()))
              .setResponseMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  com.appprofile.v1.UpdateAppResponse.getDefaultInstance()))
              .setSchemaDescriptor(new AppServiceMethodDescriptorSupplier("UpdateApp"))
              .build();
        }
      }
    }
    return getUpdateAppMethod;
  }

  private static volatile io.grpc.MethodDescriptor<com.appprofile.v1.ListAppsRequest,
      com.appprofile.v1.ListAppsResponse> getListAppsMethod;

  @io.grpc.stub.annotations.RpcMethod(
      fullMethodName = SERVICE_NAME + '/' + "ListApps",
      requestType = com.appprofile.v1.ListAppsRequest.class,
      responseType = com.appprofile.v1.ListAppsResponse.class,
      methodType = io.grpc.MethodDescriptor.MethodType.UNARY)
  public static io.grpc.MethodDescriptor<com.appprofile.v1.ListAppsRequest,
      com.appprofile.v1.ListAppsResponse> getListAppsMethod() {
    io.grpc.MethodDescriptor<com.appprofile.v1.ListAppsRequest, com.appprofile.v1.ListAppsResponse> getListAppsMethod;
    if ((getListAppsMethod = AppServiceGrpc.getListAppsMethod) == null) {
      synchronized (AppServiceGrpc.class) {
        if ((getListAppsMethod = AppServiceGrpc.getListAppsMethod) == null) {
          AppServiceGrpc.getListAppsMethod = getListAppsMethod =
              io.grpc.MethodDescriptor.<com.appprofile.v1.ListAppsRequest, com.appprofile.v1.ListAppsResponse>newBuilder()
              .setType(io.grpc.MethodDescriptor.MethodType.UNARY)
              .setFullMethodName(generateFullMethodName(SERVICE_NAME, "ListApps"))
              .setSafe(true)
              .setSampledToLocalTracing(true)
              .setRequestMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  com.appprofile.v1.ListAppsRequest.getDefaultInstance()))
              .setResponseMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  com.appprofile.v1.ListAppsResponse.getDefaultInstance()))
              .setSchemaDescriptor(new AppServiceMethodDescriptorSupplier("ListApps"))
              .build();
        }
      }
    }
    return getListAppsMethod;
  }

  private static volatile io.grpc.MethodDescriptor<com.appprofile.v1.DeleteAppRequest,
      com.appprofile.v1.DeleteAppResponse> getDeleteAppMethod;

  @io.grpc.stub.annotations.RpcMethod(
      fullMethodName = SERVICE_NAME + '/' + "DeleteApp",
      requestType = com.appprofile.v1.DeleteAppRequest.class,
      responseType = com.appprofile.v1.DeleteAppResponse.class,
      methodType = io.grpc.MethodDescriptor.MethodType.UNARY)
  public static io.grpc.MethodDescriptor<com.appprofile.v1.DeleteAppRequest,
      com.appprofile.v1.DeleteAppResponse> getDeleteAppMethod() {
    io.grpc.MethodDescriptor<com.appprofile.v1.DeleteAppRequest, com.appprofile.v1.DeleteAppResponse> getDeleteAppMethod;
    if ((getDeleteAppMethod = AppServiceGrpc.getDeleteAppMethod) == null) {
      synchronized (AppServiceGrpc.class) {
        if ((getDeleteAppMethod = AppServiceGrpc.getDeleteAppMethod) == null) {
          AppServiceGrpc.getDeleteAppMethod = getDeleteAppMethod =
              io.grpc.MethodDescriptor.<com.appprofile.v1.DeleteAppRequest, com.appprofile.v1.DeleteAppResponse>newBuilder()
              .setType(io.grpc.MethodDescriptor.MethodType.UNARY)
              .setFullMethodName(generateFullMethodName(SERVICE_NAME, "DeleteApp"))
              .setIdempotent(true)
              .setSampledToLocalTracing(true)
              .setRequestMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  com.appprofile.v1.DeleteAppRequest.getDefaultInstance()))
              .setResponseMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  com.appprofile.v1.DeleteAppResponse.getDefaultInstance()))
              .setSchemaDescriptor(new AppServiceMethodDescriptorSupplier("DeleteApp"))
              .build();
        }
      }
    }
    return getDeleteAppMethod;
  }

  private static volatile io.grpc.MethodDescriptor<com.appprofile.v1.CreateKeyRequest,
      com.appprofile.v1.CreateKeyResponse> getCreateKeyMethod;

  @io.grpc.stub.annotations.RpcMethod(
      fullMethodName = SERVICE_NAME + '/' + "CreateKey",
      requestType = com.appprofile.v1.CreateKeyRequest.class,
      responseType = com.appprofile.v1.CreateKeyResponse.class,
      methodType = io.grpc.MethodDescriptor.MethodType.UNARY)
  public static io.grpc.MethodDescriptor<com.appprofile.v1.CreateKeyRequest,
      com.appprofile.v1.CreateKeyResponse> getCreateKeyMethod() {
    io.grpc.MethodDescriptor<com.appprofile.v1.CreateKeyRequest, com.appprofile.v1.CreateKeyResponse> getCreateKeyMethod;
    if ((getCreateKeyMethod = AppServiceGrpc.getCreateKeyMethod) == null) {
      synchronized (AppServiceGrpc.class) {
        if ((getCreateKeyMethod = AppServiceGrpc.getCreateKeyMethod) == null) {
          AppServiceGrpc.getCreateKeyMethod = getCreateKeyMethod =
              io.grpc.MethodDescriptor.<com.appprofile.v1.CreateKeyRequest, com.appprofile.v1.CreateKeyResponse>newBuilder()
              .setType(io.grpc.MethodDescriptor.MethodType.UNARY)
              .setFullMethodName(generateFullMethodName(SERVICE_NAME, "CreateKey"))
              .setSampledToLocalTracing(true)
              .setRequestMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  com.appprofile.v1.CreateKeyRequest.getDefaultInstance()))
              .setResponseMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  com.appprofile.v1.CreateKeyResponse.getDefaultInstance()))
              .setSchemaDescriptor(new AppServiceMethodDescriptorSupplier("CreateKey"))
              .build();
        }
      }
    }
    return getCreateKeyMethod;
  }

  private static volatile io.grpc.MethodDescriptor<com.appprofile.v1.ListKeysRequest,
      com.appprofile.v1.ListKeysResponse> getListKeysMethod;

  @io.grpc.stub.annotations.RpcMethod(
      fullMethodName = SERVICE_NAME + '/' + "ListKeys",
      requestType = com.appprofile.v1.ListKeysRequest.class,
      responseType = com.appprofile.v1.ListKeysResponse.class,
      methodType = io.grpc.MethodDescriptor.MethodType.UNARY)
  public static io.grpc.MethodDescriptor<com.appprofile.v1.ListKeysRequest,
      com.appprofile.v1.ListKeysResponse> getListKeysMethod() {
    io.grpc.MethodDescriptor<com.appprofile.v1.ListKeysRequest, com.appprofile.v1.ListKeysResponse> getListKeysMethod;
    if ((getListKeysMethod = AppServiceGrpc.getListKeysMethod) == null) {
      synchronized (AppServiceGrpc.class) {
        if ((getListKeysMethod = AppServiceGrpc.getListKeysMethod) == null) {
          AppServiceGrpc.getListKeysMethod = getListKeysMethod =
              io.grpc.MethodDescriptor.<com.appprofile.v1.ListKeysRequest, com.appprofile.v1.ListKeysResponse>newBuilder()
              .setType(io.grpc.MethodDescriptor.MethodType.UNARY)
              .setFullMethodName(generateFullMethodName(SERVICE_NAME, "ListKeys"))
              .setSafe(true)
              .setSampledToLocalTracing(true)
              .setRequestMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  com.appprofile.v1.ListKeysRequest.getDefaultInstance()))
              .setResponseMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  com.appprofile.v1.ListKeysResponse.getDefaultInstance()))
              .setSchemaDescriptor(new AppServiceMethodDescriptorSupplier("ListKeys"))
              .build();
        }
      }
    }
    return getListKeysMethod;
  }

  private static volatile io.grpc.MethodDescriptor<com.appprofile.v1.RevokeKeyRequest,
      com.appprofile.v1.RevokeKeyResponse> getRevokeKeyMethod;

  @io.grpc.stub.annotations.RpcMethod(
      fullMethodName = SERVICE_NAME + '/' + "RevokeKey",
      requestType = com.appprofile.v1.RevokeKeyRequest.class,
      responseType = com.appprofile.v1.RevokeKeyResponse.class,
      methodType = io.grpc.MethodDescriptor.MethodType.UNARY)
  public static io.grpc.MethodDescriptor<com.appprofile.v1.RevokeKeyRequest,
      com.appprofile.v1.RevokeKeyResponse> getRevokeKeyMethod() {
    io.grpc.MethodDescriptor<com.appprofile.v1.RevokeKeyRequest, com.appprofile.v1.RevokeKeyResponse> getRevokeKeyMethod;
    if ((getRevokeKeyMethod = AppServiceGrpc.getRevokeKeyMethod) == null) {
      synchronized (AppServiceGrpc.class) {
        if ((getRevokeKeyMethod = AppServiceGrpc.getRevokeKeyMethod) == null) {
          AppServiceGrpc.getRevokeKeyMethod = getRevokeKeyMethod =
              io.grpc.MethodDescriptor.<com.appprofile.v1.RevokeKeyRequest, com.appprofile.v1.RevokeKeyResponse>newBuilder()
              .setType(io.grpc.MethodDescriptor.MethodType.UNARY)
              .setFullMethodName(generateFullMethodName(SERVICE_NAME, "RevokeKey"))
              .setIdempotent(true)
              .setSampledToLocalTracing(true)
              .setRequestMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  com.appprofile.v1.RevokeKeyRequest.getDefaultInstance()))
              .setResponseMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  com.appprofile.v1.RevokeKeyResponse.getDefaultInstance()))
              .setSchemaDescriptor(new AppServiceMethodDescriptorSupplier("RevokeKey"))
              .build();
        }
      }
    }
    return getRevokeKeyMethod;
  }

  private static volatile io.grpc.MethodDescriptor<com.appprofile.v1.AddJwtKeyRequest,
      com.appprofile.v1.AddJwtKeyResponse> getAddJwtKeyMethod;

  @io.grpc.stub.annotations.RpcMethod(
      fullMethodName = SERVICE_NAME + '/' + "AddJwtKey",
      requestType = com.appprofile.v1.AddJwtKeyRequest.class,
      responseType = com.appprofile.v1.AddJwtKeyResponse.class,
      methodType = io.grpc.MethodDescriptor.MethodType.UNARY)
  public static io.grpc.MethodDescriptor<com.appprofile.v1.AddJwtKeyRequest,
      com.appprofile.v1.AddJwtKeyResponse> getAddJwtKeyMethod() {
    io.grpc.MethodDescriptor<com.appprofile.v1.AddJwtKeyRequest, com.appprofile.v1.AddJwtKeyResponse> getAddJwtKeyMethod;
    if ((getAddJwtKeyMethod = AppServiceGrpc.getAddJwtKeyMethod) == null) {
      synchronized (AppServiceGrpc.class) {
        if ((getAddJwtKeyMethod = AppServiceGrpc.getAddJwtKeyMethod) == null) {
          AppServiceGrpc.getAddJwtKeyMethod = getAddJwtKeyMethod =
              io.grpc.MethodDescriptor.<com.appprofile.v1.AddJwtKeyRequest, com.appprofile.v1.AddJwtKeyResponse>newBuilder()
              .setType(io.grpc.MethodDescriptor.MethodType.UNARY)
              .setFullMethodName(generateFullMethodName(SERVICE_NAME, "AddJwtKey"))
              .setSampledToLocalTracing(true)
              .setRequestMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  com.appprofile.v1.AddJwtKeyRequest.getDefaultInstance()))
              .setResponseMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  com.appprofile.v1.AddJwtKeyResponse.getDefaultInstance()))
              .setSchemaDescriptor(new AppServiceMethodDescriptorSupplier("AddJwtKey"))
              .build();
        }
      }
    }
    return getAddJwtKeyMethod;
  }

  private static volatile io.grpc.MethodDescriptor<com.appprofile.v1.ListJwtKeysRequest,
      com.appprofile.v1.ListJwtKeysResponse> getListJwtKeysMethod;

  @io.grpc.stub.annotations.RpcMethod(
      fullMethodName = SERVICE_NAME + '/' + "ListJwtKeys",
      requestType = com.appprofile.v1.ListJwtKeysRequest.class,
      responseType = com.appprofile.v1.ListJwtKeysResponse.class,
      methodType = io.grpc.MethodDescriptor.MethodType.UNARY)
  public static io.grpc.MethodDescriptor<com.appprofile.v1.ListJwtKeysRequest,
      com.appprofile.v1.ListJwtKeysResponse> getListJwtKeysMethod() {
    io.grpc.MethodDescriptor<com.appprofile.v1.ListJwtKeysRequest, com.appprofile.v1.ListJwtKeysResponse> getListJwtKeysMethod;
    if ((getListJwtKeysMethod = AppServiceGrpc.getListJwtKeysMethod) == null) {
      synchronized (AppServiceGrpc.class) {
        if ((getListJwtKeysMethod = AppServiceGrpc.getListJwtKeysMethod) == null) {
          AppServiceGrpc.getListJwtKeysMethod = getListJwtKeysMethod =
              io.grpc.MethodDescriptor.<com.appprofile.v1.ListJwtKeysRequest, com.appprofile.v1.ListJwtKeysResponse>newBuilder()
              .setType(io.grpc.MethodDescriptor.MethodType.UNARY)
              .setFullMethodName(generateFullMethodName(SERVICE_NAME, "ListJwtKeys"))
              .setSafe(true)
              .setSampledToLocalTracing(true)
              .setRequestMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  com.appprofile.v1.ListJwtKeysRequest.getDefaultInstance()))
              .setResponseMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  com.appprofile.v1.ListJwtKeysResponse.getDefaultInstance()))
              .setSchemaDescriptor(new AppServiceMethodDescriptorSupplier("ListJwtKeys"))
              .build();
        }
      }
    }
    return getListJwtKeysMethod;
  }

  private static volatile io.grpc.MethodDescriptor<com.appprofile.v1.RemoveJwtKeyRequest,
      com.appprofile.v1.RemoveJwtKeyResponse> getRemoveJwtKeyMethod;

  @io.grpc.stub.annotations.RpcMethod(
      fullMethodName = SERVICE_NAME + '/' + "RemoveJwtKey",
      requestType = com.appprofile.v1.RemoveJwtKeyRequest.class,
      responseType = com.appprofile.v1.RemoveJwtKeyResponse.class,
      methodType = io.grpc.MethodDescriptor.MethodType.UNARY)
  public static io.grpc.MethodDescriptor<com.appprofile.v1.RemoveJwtKeyRequest,
      com.appprofile.v1.RemoveJwtKeyResponse> getRemoveJwtKeyMethod() {
    io.grpc.MethodDescriptor<com.appprofile.v1.RemoveJwtKeyRequest, com.appprofile.v1.RemoveJwtKeyResponse> getRemoveJwtKeyMethod;
    if ((getRemoveJwtKeyMethod = AppServiceGrpc.getRemoveJwtKeyMethod) == null) {
      synchronized (AppServiceGrpc.class) {
        if ((getRemoveJwtKeyMethod = AppServiceGrpc.getRemoveJwtKeyMethod) == null) {
          AppServiceGrpc.getRemoveJwtKeyMethod = getRemoveJwtKeyMethod =
              io.grpc.MethodDescriptor.<com.appprofile.v1.RemoveJwtKeyRequest, com.appprofile.v1.RemoveJwtKeyResponse>newBuilder()
              .setType(io.grpc.MethodDescriptor.MethodType.UNARY)
              .setFullMethodName(generateFullMethodName(SERVICE_NAME, "RemoveJwtKey"))
              .setIdempotent(true)
              .setSampledToLocalTracing(true)
              .setRequestMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  com.appprofile.v1.RemoveJwtKeyRequest.getDefaultInstance()))
              .setResponseMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  com.appprofile.v1.RemoveJwtKeyResponse.getDefaultInstance()))
              .setSchemaDescriptor(new AppServiceMethodDescriptorSupplier("RemoveJwtKey"))
              .build();
        }
      }
    }
    return getRemoveJwtKeyMethod;
  }

  private static volatile io.grpc.MethodDescriptor<com.appprofile.v1.GetJwtReadinessRequest,
      com.appprofile.v1.GetJwtReadinessResponse> getGetJwtReadinessMethod;

  @io.grpc.stub.annotations.RpcMethod(
      fullMethodName = SERVICE_NAME + '/' + "GetJwtReadiness",
      requestType = com.appprofile.v1.GetJwtReadinessRequest.class,
      responseType = com.appprofile.v1.GetJwtReadinessResponse.class,
      methodType = io.grpc.MethodDescriptor.MethodType.UNARY)
  public static io.grpc.MethodDescriptor<com.appprofile.v1.GetJwtReadinessRequest,
      com.appprofile.v1.GetJwtReadinessResponse> getGetJwtReadinessMethod() {
    io.grpc.MethodDescriptor<com.appprofile.v1.GetJwtReadinessRequest, com.appprofile.v1.GetJwtReadinessResponse> getGetJwtReadinessMethod;
    if ((getGetJwtReadinessMethod = AppServiceGrpc.getGetJwtReadinessMethod) == null) {
      synchronized (AppServiceGrpc.class) {
        if ((getGetJwtReadinessMethod = AppServiceGrpc.getGetJwtReadinessMethod) == null) {
          AppServiceGrpc.getGetJwtReadinessMethod = getGetJwtReadinessMethod =
              io.grpc.MethodDescriptor.<com.appprofile.v1.GetJwtReadinessRequest, com.appprofile.v1.GetJwtReadinessResponse>newBuilder()
              .setType(io.grpc.MethodDescriptor.MethodType.UNARY)
              .setFullMethodName(generateFullMethodName(SERVICE_NAME, "GetJwtReadiness"))
              .setSafe(true)
              .setSampledToLocalTracing(true)
              .setRequestMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  com.appprofile.v1.GetJwtReadinessRequest.getDefaultInstance()))
              .setResponseMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  com.appprofile.v1.GetJwtReadinessResponse.getDefaultInstance()))
              .setSchemaDescriptor(new AppServiceMethodDescriptorSupplier("GetJwtReadiness"))
              .build();
        }
      }
    }
    return getGetJwtReadinessMethod;
  }

  private static volatile io.grpc.MethodDescriptor<com.appprofile.v1.GetSdkConfigRequest,
      com.appprofile.v1.GetSdkConfigResponse> getGetSdkConfigMethod;

  @io.grpc.stub.annotations.RpcMethod(
      fullMethodName = SERVICE_NAME + '/' + "GetSdkConfig",
      requestType = com.appprofile.v1.GetSdkConfigRequest.class,
      responseType = com.appprofile.v1.GetSdkConfigResponse.class,
      methodType = io.grpc.MethodDescriptor.MethodType.UNARY)
  public static io.grpc.MethodDescriptor<com.appprofile.v1.GetSdkConfigRequest,
      com.appprofile.v1.GetSdkConfigResponse> getGetSdkConfigMethod() {
    io.grpc.MethodDescriptor<com.appprofile.v1.GetSdkConfigRequest, com.appprofile.v1.GetSdkConfigResponse> getGetSdkConfigMethod;
    if ((getGetSdkConfigMethod = AppServiceGrpc.getGetSdkConfigMethod) == null) {
      synchronized (AppServiceGrpc.class) {
        if ((getGetSdkConfigMethod = AppServiceGrpc.getGetSdkConfigMethod) == null) {
          AppServiceGrpc.getGetSdkConfigMethod = getGetSdkConfigMethod =
              io.grpc.MethodDescriptor.<com.appprofile.v1.GetSdkConfigRequest, com.appprofile.v1.GetSdkConfigResponse>newBuilder()
              .setType(io.grpc.MethodDescriptor.MethodType.UNARY)
              .setFullMethodName(generateFullMethodName(SERVICE_NAME, "GetSdkConfig"))
              .setSafe(true)
              .setSampledToLocalTracing(true)
              .setRequestMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  com.appprofile.v1.GetSdkConfigRequest.getDefaultInstance()))
              .setResponseMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  com.appprofile.v1.GetSdkConfigResponse.getDefaultInstance()))
              .setSchemaDescriptor(new AppServiceMethodDescriptorSupplier("GetSdkConfig"))
              .build();
        }
      }
    }
    return getGetSdkConfigMethod;
  }

  /**
   * Creates a new async stub that supports all call types for the service
   */
  public static AppServiceStub newStub(io.grpc.Channel channel) {
    io.grpc.stub.AbstractStub.StubFactory<AppServiceStub> factory =
      new io.grpc.stub.AbstractStub.StubFactory<AppServiceStub>() {
        @java.lang.Override
        public AppServiceStub newStub(io.grpc.Channel channel, io.grpc.CallOptions callOptions) {
          return new AppServiceStub(channel, callOptions);
        }
      };
    return AppServiceStub.newStub(factory, channel);
  }

  /**
   * Creates a new blocking-style stub that supports all types of calls on the service
   */
  public static AppServiceBlockingV2Stub newBlockingV2Stub(
      io.grpc.Channel channel) {
    io.grpc.stub.AbstractStub.StubFactory<AppServiceBlockingV2Stub> factory =
      new io.grpc.stub.AbstractStub.StubFactory<AppServiceBlockingV2Stub>() {
        @java.lang.Override
        public AppServiceBlockingV2Stub newStub(io.grpc.Channel channel, io.grpc.CallOptions callOptions) {
          return new AppServiceBlockingV2Stub(channel, callOptions);
        }
      };
    return AppServiceBlockingV2Stub.newStub(factory, channel);
  }

  /**
   * Creates a new blocking-style stub that supports unary and streaming output calls on the service
   */
  public static AppServiceBlockingStub newBlockingStub(
      io.grpc.Channel channel) {
    io.grpc.stub.AbstractStub.StubFactory<AppServiceBlockingStub> factory =
      new io.grpc.stub.AbstractStub.StubFactory<AppServiceBlockingStub>() {
        @java.lang.Override
        public AppServiceBlockingStub newStub(io.grpc.Channel channel, io.grpc.CallOptions callOptions) {
          return new AppServiceBlockingStub(channel, callOptions);
        }
      };
    return AppServiceBlockingStub.newStub(factory, channel);
  }

  /**
   * Creates a new ListenableFuture-style stub that supports unary calls on the service
   */
  public static AppServiceFutureStub newFutureStub(
      io.grpc.Channel channel) {
    io.grpc.stub.AbstractStub.StubFactory<AppServiceFutureStub> factory =
      new io.grpc.stub.AbstractStub.StubFactory<AppServiceFutureStub>() {
        @java.lang.Override
        public AppServiceFutureStub newStub(io.grpc.Channel channel, io.grpc.CallOptions callOptions) {
          return new AppServiceFutureStub(channel, callOptions);
        }
      };
    return AppServiceFutureStub.newStub(factory, channel);
  }

  /**
   * <pre>
   * The service for operators. Internal services may also call GetApp, ListApps and GetSdkConfig, and SDKs GetSdkConfig.
   * A message may be up to 4 MiB. The metadata of a call may be up to 8 KiB, counted as in HTTP/2: the name, the value
   * and 32 bytes for each entry, including gRPC's own entries. A call beyond either limit fails with RESOURCE_EXHAUSTED.
   * </pre>
   */
  public interface AsyncService {

    /**
     * <pre>
     * Creates an app of the key's tenant. Errors: ALREADY_EXISTS (APP_ALREADY_EXISTS), INVALID_ARGUMENT (INVALID_SETTINGS),
     * PERMISSION_DENIED (TENANT_NOT_ALLOWED).
     * </pre>
     */
    default void createApp(com.appprofile.v1.CreateAppRequest request,
        io.grpc.stub.StreamObserver<com.appprofile.v1.CreateAppResponse> responseObserver) {
      io.grpc.stub.ServerCalls.asyncUnimplementedUnaryCall(getCreateAppMethod(), responseObserver);
    }

    /**
     * <pre>
     * Reads an app. Errors: NOT_FOUND (APP_NOT_FOUND, ADMIN keys only).
     * </pre>
     */
    default void getApp(com.appprofile.v1.GetAppRequest request,
        io.grpc.stub.StreamObserver<com.appprofile.v1.GetAppResponse> responseObserver) {
      io.grpc.stub.ServerCalls.asyncUnimplementedUnaryCall(getGetAppMethod(), responseObserver);
    }

    /**
     * <pre>
     * Changes an app. The change is in force at once and rewrites no profile. Setting the JWT mode to REQUIRE answers what
     * share of the calls would have been refused. Errors: NOT_FOUND (APP_NOT_FOUND),
     * INVALID_ARGUMENT (UNKNOWN_FIELD, INVALID_SETTINGS), ABORTED (ETAG_MISMATCH).
     * </pre>
     */
    default void updateApp(com.appprofile.v1.UpdateAppRequest request,
        io.grpc.stub.StreamObserver<com.appprofile.v1.UpdateAppResponse> responseObserver) {
      io.grpc.stub.ServerCalls.asyncUnimplementedUnaryCall(getUpdateAppMethod(), responseObserver);
    }

    /**
     * <pre>
     * Lists the tenant's apps, ordered by id.
     * </pre>
     */
    default void listApps(com.appprofile.v1.ListAppsRequest request,
        io.grpc.stub.StreamObserver<com.appprofile.v1.ListAppsResponse> responseObserver) {
      io.grpc.stub.ServerCalls.asyncUnimplementedUnaryCall(getListAppsMethod(), responseObserver);
    }

    /**
     * <pre>
     * Deletes an app and revokes its keys. Errors: NOT_FOUND (APP_NOT_FOUND), FAILED_PRECONDITION (APP_NOT_EMPTY) while it has
     * profiles, unless `force`.
     * </pre>
     */
    default void deleteApp(com.appprofile.v1.DeleteAppRequest request,
        io.grpc.stub.StreamObserver<com.appprofile.v1.DeleteAppResponse> responseObserver) {
      io.grpc.stub.ServerCalls.asyncUnimplementedUnaryCall(getDeleteAppMethod(), responseObserver);
    }

    /**
     * <pre>
     * Creates a key of the caller's tenant. Only this response contains the secret. Not idempotent: a repeated call
     * creates another key, which ListKeys lists and RevokeKey revokes.
     * </pre>
     */
    default void createKey(com.appprofile.v1.CreateKeyRequest request,
        io.grpc.stub.StreamObserver<com.appprofile.v1.CreateKeyResponse> responseObserver) {
      io.grpc.stub.ServerCalls.asyncUnimplementedUnaryCall(getCreateKeyMethod(), responseObserver);
    }

    /**
     * <pre>
     * Lists keys, including revoked keys, newest first.
     * </pre>
     */
    default void listKeys(com.appprofile.v1.ListKeysRequest request,
        io.grpc.stub.StreamObserver<com.appprofile.v1.ListKeysResponse> responseObserver) {
      io.grpc.stub.ServerCalls.asyncUnimplementedUnaryCall(getListKeysMethod(), responseObserver);
    }

    /**
     * <pre>
     * Revokes a key. It takes effect at once on the worker that runs the call, and within 5 seconds on every other
     * worker. Repeating it succeeds. Errors: NOT_FOUND (KEY_NOT_FOUND).
     * </pre>
     */
    default void revokeKey(com.appprofile.v1.RevokeKeyRequest request,
        io.grpc.stub.StreamObserver<com.appprofile.v1.RevokeKeyResponse> responseObserver) {
      io.grpc.stub.ServerCalls.asyncUnimplementedUnaryCall(getRevokeKeyMethod(), responseObserver);
    }

    /**
     * <pre>
     * Adds a key to the app's JWT authorization, up to 16. It takes effect at once on the worker that runs the call, and
     * within 5 seconds on every other worker. Not idempotent: a repeated call fails with JWT_KEY_ALREADY_EXISTS or adds
     * the same set again. Errors: INVALID_ARGUMENT (INVALID_REQUEST): the key cannot be used, `BadRequest` says why;
     * ALREADY_EXISTS (JWT_KEY_ALREADY_EXISTS), FAILED_PRECONDITION (TOO_MANY_JWT_KEYS; SEALING_NOT_CONFIGURED: shared secrets need a key ring).
     * </pre>
     */
    default void addJwtKey(com.appprofile.v1.AddJwtKeyRequest request,
        io.grpc.stub.StreamObserver<com.appprofile.v1.AddJwtKeyResponse> responseObserver) {
      io.grpc.stub.ServerCalls.asyncUnimplementedUnaryCall(getAddJwtKeyMethod(), responseObserver);
    }

    /**
     * <pre>
     * Lists the keys of the app's JWT authorization, oldest first. Returns no secret.
     * </pre>
     */
    default void listJwtKeys(com.appprofile.v1.ListJwtKeysRequest request,
        io.grpc.stub.StreamObserver<com.appprofile.v1.ListJwtKeysResponse> responseObserver) {
      io.grpc.stub.ServerCalls.asyncUnimplementedUnaryCall(getListJwtKeysMethod(), responseObserver);
    }

    /**
     * <pre>
     * Removes a key from the app's JWT authorization. JWTs that it signed are refused at once on the worker that runs the
     * call, and within 5 seconds on every other worker. Errors: NOT_FOUND (JWT_KEY_NOT_FOUND) unless `allow_missing`.
     * </pre>
     */
    default void removeJwtKey(com.appprofile.v1.RemoveJwtKeyRequest request,
        io.grpc.stub.StreamObserver<com.appprofile.v1.RemoveJwtKeyResponse> responseObserver) {
      io.grpc.stub.ServerCalls.asyncUnimplementedUnaryCall(getRemoveJwtKeyMethod(), responseObserver);
    }

    /**
     * <pre>
     * Returns how the checks of the app's calls ended in the last 30 days: what REQUIRE would refuse, and which SDK
     * versions it concerns. Calls are counted while the mode is OBSERVE or REQUIRE, with a delay of up to 10 seconds.
     * </pre>
     */
    default void getJwtReadiness(com.appprofile.v1.GetJwtReadinessRequest request,
        io.grpc.stub.StreamObserver<com.appprofile.v1.GetJwtReadinessResponse> responseObserver) {
      io.grpc.stub.ServerCalls.asyncUnimplementedUnaryCall(getGetJwtReadinessMethod(), responseObserver);
    }

    /**
     * <pre>
     * Returns the configuration of the app's SDKs. An SDK that polls sends the `etag` that it has.
     * </pre>
     */
    default void getSdkConfig(com.appprofile.v1.GetSdkConfigRequest request,
        io.grpc.stub.StreamObserver<com.appprofile.v1.GetSdkConfigResponse> responseObserver) {
      io.grpc.stub.ServerCalls.asyncUnimplementedUnaryCall(getGetSdkConfigMethod(), responseObserver);
    }
  }

  /**
   * Base class for the server implementation of the service AppService.
   * <pre>
   * The service for operators. Internal services may also call GetApp, ListApps and GetSdkConfig, and SDKs GetSdkConfig.
   * A message may be up to 4 MiB. The metadata of a call may be up to 8 KiB, counted as in HTTP/2: the name, the value
   * and 32 bytes for each entry, including gRPC's own entries. A call beyond either limit fails with RESOURCE_EXHAUSTED.
   * </pre>
   */
  public static abstract class AppServiceImplBase
      implements io.grpc.BindableService, AsyncService {

    @java.lang.Override public final io.grpc.ServerServiceDefinition bindService() {
      return AppServiceGrpc.bindService(this);
    }
  }

  /**
   * A stub to allow clients to do asynchronous rpc calls to service AppService.
   * <pre>
   * The service for operators. Internal services may also call GetApp, ListApps and GetSdkConfig, and SDKs GetSdkConfig.
   * A message may be up to 4 MiB. The metadata of a call may be up to 8 KiB, counted as in HTTP/2: the name, the value
   * and 32 bytes for each entry, including gRPC's own entries. A call beyond either limit fails with RESOURCE_EXHAUSTED.
   * </pre>
   */
  public static final class AppServiceStub
      extends io.grpc.stub.AbstractAsyncStub<AppServiceStub> {
    private AppServiceStub(
        io.grpc.Channel channel, io.grpc.CallOptions callOptions) {
      super(channel, callOptions);
    }

    @java.lang.Override
    protected AppServiceStub build(
        io.grpc.Channel channel, io.grpc.CallOptions callOptions) {
      return new AppServiceStub(channel, callOptions);
    }

    /**
     * <pre>
     * Creates an app of the key's tenant. Errors: ALREADY_EXISTS (APP_ALREADY_EXISTS), INVALID_ARGUMENT (INVALID_SETTINGS),
     * PERMISSION_DENIED (TENANT_NOT_ALLOWED).
     * </pre>
     */
    public void createApp(com.appprofile.v1.CreateAppRequest request,
        io.grpc.stub.StreamObserver<com.appprofile.v1.CreateAppResponse> responseObserver) {
      io.grpc.stub.ClientCalls.asyncUnaryCall(
          getChannel().newCall(getCreateAppMethod(), getCallOptions()), request, responseObserver);
    }

    /**
     * <pre>
     * Reads an app. Errors: NOT_FOUND (APP_NOT_FOUND, ADMIN keys only).
     * </pre>
     */
    public void getApp(com.appprofile.v1.GetAppRequest request,
        io.grpc.stub.StreamObserver<com.appprofile.v1.GetAppResponse> responseObserver) {
      io.grpc.stub.ClientCalls.asyncUnaryCall(
          getChannel().newCall(getGetAppMethod(), getCallOptions()), request, responseObserver);
    }

    /**
     * <pre>
     * Changes an app. The change is in force at once and rewrites no profile. Setting the JWT mode to REQUIRE answers what
     * share of the calls would have been refused. Errors: NOT_FOUND (APP_NOT_FOUND),
     * INVALID_ARGUMENT (UNKNOWN_FIELD, INVALID_SETTINGS), ABORTED (ETAG_MISMATCH).
     * </pre>
     */
    public void updateApp(com.appprofile.v1.UpdateAppRequest request,
        io.grpc.stub.StreamObserver<com.appprofile.v1.UpdateAppResponse> responseObserver) {
      io.grpc.stub.ClientCalls.asyncUnaryCall(
          getChannel().newCall(getUpdateAppMethod(), getCallOptions()), request, responseObserver);
    }

    /**
     * <pre>
     * Lists the tenant's apps, ordered by id.
     * </pre>
     */
    public void listApps(com.appprofile.v1.ListAppsRequest request,
        io.grpc.stub.StreamObserver<com.appprofile.v1.ListAppsResponse> responseObserver) {
      io.grpc.stub.ClientCalls.asyncUnaryCall(
          getChannel().newCall(getListAppsMethod(), getCallOptions()), request, responseObserver);
    }

    /**
     * <pre>
     * Deletes an app and revokes its keys. Errors: NOT_FOUND (APP_NOT_FOUND), FAILED_PRECONDITION (APP_NOT_EMPTY) while it has
     * profiles, unless `force`.
     * </pre>
     */
    public void deleteApp(com.appprofile.v1.DeleteAppRequest request,
        io.grpc.stub.StreamObserver<com.appprofile.v1.DeleteAppResponse> responseObserver) {
      io.grpc.stub.ClientCalls.asyncUnaryCall(
          getChannel().newCall(getDeleteAppMethod(), getCallOptions()), request, responseObserver);
    }

    /**
     * <pre>
     * Creates a key of the caller's tenant. Only this response contains the secret. Not idempotent: a repeated call
     * creates another key, which ListKeys lists and RevokeKey revokes.
     * </pre>
     */
    public void createKey(com.appprofile.v1.CreateKeyRequest request,
        io.grpc.stub.StreamObserver<com.appprofile.v1.CreateKeyResponse> responseObserver) {
      io.grpc.stub.ClientCalls.asyncUnaryCall(
          getChannel().newCall(getCreateKeyMethod(), getCallOptions()), request, responseObserver);
    }

    /**
     * <pre>
     * Lists keys, including revoked keys, newest first.
     * </pre>
     */
    public void listKeys(com.appprofile.v1.ListKeysRequest request,
        io.grpc.stub.StreamObserver<com.appprofile.v1.ListKeysResponse> responseObserver) {
      io.grpc.stub.ClientCalls.asyncUnaryCall(
          getChannel().newCall(getListKeysMethod(), getCallOptions()), request, responseObserver);
    }

    /**
     * <pre>
     * Revokes a key. It takes effect at once on the worker that runs the call, and within 5 seconds on every other
     * worker. Repeating it succeeds. Errors: NOT_FOUND (KEY_NOT_FOUND).
     * </pre>
     */
    public void revokeKey(com.appprofile.v1.RevokeKeyRequest request,
        io.grpc.stub.StreamObserver<com.appprofile.v1.RevokeKeyResponse> responseObserver) {
      io.grpc.stub.ClientCalls.asyncUnaryCall(
          getChannel().newCall(getRevokeKeyMethod(), getCallOptions()), request, responseObserver);
    }

    /**
     * <pre>
     * Adds a key to the app's JWT authorization, up to 16. It takes effect at once on the worker that runs the call, and
     * within 5 seconds on every other worker. Not idempotent: a repeated call fails with JWT_KEY_ALREADY_EXISTS or adds
     * the same set again. Errors: INVALID_ARGUMENT (INVALID_REQUEST): the key cannot be used, `BadRequest` says why;
     * ALREADY_EXISTS (JWT_KEY_ALREADY_EXISTS), FAILED_PRECONDITION (TOO_MANY_JWT_KEYS; SEALING_NOT_CONFIGURED: shared secrets need a key ring).
     * </pre>
     */
    public void addJwtKey(com.appprofile.v1.AddJwtKeyRequest request,
        io.grpc.stub.StreamObserver<com.appprofile.v1.AddJwtKeyResponse> responseObserver) {
      io.grpc.stub.ClientCalls.asyncUnaryCall(
          getChannel().newCall(getAddJwtKeyMethod(), getCallOptions()), request, responseObserver);
    }

    /**
     * <pre>
     * Lists the keys of the app's JWT authorization, oldest first. Returns no secret.
     * </pre>
     */
    public void listJwtKeys(com.appprofile.v1.ListJwtKeysRequest request,
        io.grpc.stub.StreamObserver<com.appprofile.v1.ListJwtKeysResponse> responseObserver) {
      io.grpc.stub.ClientCalls.asyncUnaryCall(
          getChannel().newCall(getListJwtKeysMethod(), getCallOptions()), request, responseObserver);
    }

    /**
     * <pre>
     * Removes a key from the app's JWT authorization. JWTs that it signed are refused at once on the worker that runs the
     * call, and within 5 seconds on every other worker. Errors: NOT_FOUND (JWT_KEY_NOT_FOUND) unless `allow_missing`.
     * </pre>
     */
    public void removeJwtKey(com.appprofile.v1.RemoveJwtKeyRequest request,
        io.grpc.stub.StreamObserver<com.appprofile.v1.RemoveJwtKeyResponse> responseObserver) {
      io.grpc.stub.ClientCalls.asyncUnaryCall(
          getChannel().newCall(getRemoveJwtKeyMethod(), getCallOptions()), request, responseObserver);
    }

    /**
     * <pre>
     * Returns how the checks of the app's calls ended in the last 30 days: what REQUIRE would refuse, and which SDK
     * versions it concerns. Calls are counted while the mode is OBSERVE or REQUIRE, with a delay of up to 10 seconds.
     * </pre>
     */
    public void getJwtReadiness(com.appprofile.v1.GetJwtReadinessRequest request,
        io.grpc.stub.StreamObserver<com.appprofile.v1.GetJwtReadinessResponse> responseObserver) {
      io.grpc.stub.ClientCalls.asyncUnaryCall(
          getChannel().newCall(getGetJwtReadinessMethod(), getCallOptions()), request, responseObserver);
    }

    /**
     * <pre>
     * Returns the configuration of the app's SDKs. An SDK that polls sends the `etag` that it has.
     * </pre>
     */
    public void getSdkConfig(com.appprofile.v1.GetSdkConfigRequest request,
        io.grpc.stub.StreamObserver<com.appprofile.v1.GetSdkConfigResponse> responseObserver) {
      io.grpc.stub.ClientCalls.asyncUnaryCall(
          getChannel().newCall(getGetSdkConfigMethod(), getCallOptions()), request, responseObserver);
    }
  }

  /**
   * A stub to allow clients to do synchronous rpc calls to service AppService.
   * <pre>
   * The service for operators. Internal services may also call GetApp, ListApps and GetSdkConfig, and SDKs GetSdkConfig.
   * A message may be up to 4 MiB. The metadata of a call may be up to 8 KiB, counted as in HTTP/2: the name, the value
   * and 32 bytes for each entry, including gRPC's own entries. A call beyond either limit fails with RESOURCE_EXHAUSTED.
   * </pre>
   */
  public static final class AppServiceBlockingV2Stub
      extends io.grpc.stub.AbstractBlockingStub<AppServiceBlockingV2Stub> {
    private AppServiceBlockingV2Stub(
        io.grpc.Channel channel, io.grpc.CallOptions callOptions) {
      super(channel, callOptions);
    }

    @java.lang.Override
    protected AppServiceBlockingV2Stub build(
        io.grpc.Channel channel, io.grpc.CallOptions callOptions) {
      return new AppServiceBlockingV2Stub(channel, callOptions);
    }

    /**
     * <pre>
     * Creates an app of the key's tenant. Errors: ALREADY_EXISTS (APP_ALREADY_EXISTS), INVALID_ARGUMENT (INVALID_SETTINGS),
     * PERMISSION_DENIED (TENANT_NOT_ALLOWED).
     * </pre>
     */
    public com.appprofile.v1.CreateAppResponse createApp(com.appprofile.v1.CreateAppRequest request) throws io.grpc.StatusException {
      return io.grpc.stub.ClientCalls.blockingV2UnaryCall(
          getChannel(), getCreateAppMethod(), getCallOptions(), request);
    }

    /**
     * <pre>
     * Reads an app. Errors: NOT_FOUND (APP_NOT_FOUND, ADMIN keys only).
     * </pre>
     */
    public com.appprofile.v1.GetAppResponse getApp(com.appprofile.v1.GetAppRequest request) throws io.grpc.StatusException {
      return io.grpc.stub.ClientCalls.blockingV2UnaryCall(
          getChannel(), getGetAppMethod(), getCallOptions(), request);
    }

    /**
     * <pre>
     * Changes an app. The change is in force at once and rewrites no profile. Setting the JWT mode to REQUIRE answers what
     * share of the calls would have been refused. Errors: NOT_FOUND (APP_NOT_FOUND),
     * INVALID_ARGUMENT (UNKNOWN_FIELD, INVALID_SETTINGS), ABORTED (ETAG_MISMATCH).
     * </pre>
     */
    public com.appprofile.v1.UpdateAppResponse updateApp(com.appprofile.v1.UpdateAppRequest request) throws io.grpc.StatusException {
      return io.grpc.stub.ClientCalls.blockingV2UnaryCall(
          getChannel(), getUpdateAppMethod(), getCallOptions(), request);
    }

    /**
     * <pre>
     * Lists the tenant's apps, ordered by id.
     * </pre>
     */
    public com.appprofile.v1.ListAppsResponse listApps(com.appprofile.v1.ListAppsRequest request) throws io.grpc.StatusException {
      return io.grpc.stub.ClientCalls.blockingV2UnaryCall(
          getChannel(), getListAppsMethod(), getCallOptions(), request);
    }

    /**
     * <pre>
     * Deletes an app and revokes its keys. Errors: NOT_FOUND (APP_NOT_FOUND), FAILED_PRECONDITION (APP_NOT_EMPTY) while it has
     * profiles, unless `force`.
     * </pre>
     */
    public com.appprofile.v1.DeleteAppResponse deleteApp(com.appprofile.v1.DeleteAppRequest request) throws io.grpc.StatusException {
      return io.grpc.stub.ClientCalls.blockingV2UnaryCall(
          getChannel(), getDeleteAppMethod(), getCallOptions(), request);
    }

    /**
     * <pre>
     * Creates a key of the caller's tenant. Only this response contains the secret. Not idempotent: a repeated call
     * creates another key, which ListKeys lists and RevokeKey revokes.
     * </pre>
     */
    public com.appprofile.v1.CreateKeyResponse createKey(com.appprofile.v1.CreateKeyRequest request) throws io.grpc.StatusException {
      return io.grpc.stub.ClientCalls.blockingV2UnaryCall(
          getChannel(), getCreateKeyMethod(), getCallOptions(), request);
    }

    /**
     * <pre>
     * Lists keys, including revoked keys, newest first.
     * </pre>
     */
    public com.appprofile.v1.ListKeysResponse listKeys(com.appprofile.v1.ListKeysRequest request) throws io.grpc.StatusException {
      return io.grpc.stub.ClientCalls.blockingV2UnaryCall(
          getChannel(), getListKeysMethod(), getCallOptions(), request);
    }

    /**
     * <pre>
     * Revokes a key. It takes effect at once on the worker that runs the call, and within 5 seconds on every other
     * worker. Repeating it succeeds. Errors: NOT_FOUND (KEY_NOT_FOUND).
     * </pre>
     */
    public com.appprofile.v1.RevokeKeyResponse revokeKey(com.appprofile.v1.RevokeKeyRequest request) throws io.grpc.StatusException {
      return io.grpc.stub.ClientCalls.blockingV2UnaryCall(
          getChannel(), getRevokeKeyMethod(), getCallOptions(), request);
    }

    /**
     * <pre>
     * Adds a key to the app's JWT authorization, up to 16. It takes effect at once on the worker that runs the call, and
     * within 5 seconds on every other worker. Not idempotent: a repeated call fails with JWT_KEY_ALREADY_EXISTS or adds
     * the same set again. Errors: INVALID_ARGUMENT (INVALID_REQUEST): the key cannot be used, `BadRequest` says why;
     * ALREADY_EXISTS (JWT_KEY_ALREADY_EXISTS), FAILED_PRECONDITION (TOO_MANY_JWT_KEYS; SEALING_NOT_CONFIGURED: shared secrets need a key ring).
     * </pre>
     */
    public com.appprofile.v1.AddJwtKeyResponse addJwtKey(com.appprofile.v1.AddJwtKeyRequest request) throws io.grpc.StatusException {
      return io.grpc.stub.ClientCalls.blockingV2UnaryCall(
          getChannel(), getAddJwtKeyMethod(), getCallOptions(), request);
    }

    /**
     * <pre>
     * Lists the keys of the app's JWT authorization, oldest first. Returns no secret.
     * </pre>
     */
    public com.appprofile.v1.ListJwtKeysResponse listJwtKeys(com.appprofile.v1.ListJwtKeysRequest request) throws io.grpc.StatusException {
      return io.grpc.stub.ClientCalls.blockingV2UnaryCall(
          getChannel(), getListJwtKeysMethod(), getCallOptions(), request);
    }

    /**
     * <pre>
     * Removes a key from the app's JWT authorization. JWTs that it signed are refused at once on the worker that runs the
     * call, and within 5 seconds on every other worker. Errors: NOT_FOUND (JWT_KEY_NOT_FOUND) unless `allow_missing`.
     * </pre>
     */
    public com.appprofile.v1.RemoveJwtKeyResponse removeJwtKey(com.appprofile.v1.RemoveJwtKeyRequest request) throws io.grpc.StatusException {
      return io.grpc.stub.ClientCalls.blockingV2UnaryCall(
          getChannel(), getRemoveJwtKeyMethod(), getCallOptions(), request);
    }

    /**
     * <pre>
     * Returns how the checks of the app's calls ended in the last 30 days: what REQUIRE would refuse, and which SDK
     * versions it concerns. Calls are counted while the mode is OBSERVE or REQUIRE, with a delay of up to 10 seconds.
     * </pre>
     */
    public com.appprofile.v1.GetJwtReadinessResponse getJwtReadiness(com.appprofile.v1.GetJwtReadinessRequest request) throws io.grpc.StatusException {
      return io.grpc.stub.ClientCalls.blockingV2UnaryCall(
          getChannel(), getGetJwtReadinessMethod(), getCallOptions(), request);
    }

    /**
     * <pre>
     * Returns the configuration of the app's SDKs. An SDK that polls sends the `etag` that it has.
     * </pre>
     */
    public com.appprofile.v1.GetSdkConfigResponse getSdkConfig(com.appprofile.v1.GetSdkConfigRequest request) throws io.grpc.StatusException {
      return io.grpc.stub.ClientCalls.blockingV2UnaryCall(
          getChannel(), getGetSdkConfigMethod(), getCallOptions(), request);
    }
  }

  /**
   * A stub to allow clients to do limited synchronous rpc calls to service AppService.
   * <pre>
   * The service for operators. Internal services may also call GetApp, ListApps and GetSdkConfig, and SDKs GetSdkConfig.
   * A message may be up to 4 MiB. The metadata of a call may be up to 8 KiB, counted as in HTTP/2: the name, the value
   * and 32 bytes for each entry, including gRPC's own entries. A call beyond either limit fails with RESOURCE_EXHAUSTED.
   * </pre>
   */
  public static final class AppServiceBlockingStub
      extends io.grpc.stub.AbstractBlockingStub<AppServiceBlockingStub> {
    private AppServiceBlockingStub(
        io.grpc.Channel channel, io.grpc.CallOptions callOptions) {
      super(channel, callOptions);
    }

    @java.lang.Override
    protected AppServiceBlockingStub build(
        io.grpc.Channel channel, io.grpc.CallOptions callOptions) {
      return new AppServiceBlockingStub(channel, callOptions);
    }

    /**
     * <pre>
     * Creates an app of the key's tenant. Errors: ALREADY_EXISTS (APP_ALREADY_EXISTS), INVALID_ARGUMENT (INVALID_SETTINGS),
     * PERMISSION_DENIED (TENANT_NOT_ALLOWED).
     * </pre>
     */
    public com.appprofile.v1.CreateAppResponse createApp(com.appprofile.v1.CreateAppRequest request) {
      return io.grpc.stub.ClientCalls.blockingUnaryCall(
          getChannel(), getCreateAppMethod(), getCallOptions(), request);
    }

    /**
     * <pre>
     * Reads an app. Errors: NOT_FOUND (APP_NOT_FOUND, ADMIN keys only).
     * </pre>
     */
    public com.appprofile.v1.GetAppResponse getApp(com.appprofile.v1.GetAppRequest request) {
      return io.grpc.stub.ClientCalls.blockingUnaryCall(
          getChannel(), getGetAppMethod(), getCallOptions(), request);
    }

    /**
     * <pre>
     * Changes an app. The change is in force at once and rewrites no profile. Setting the JWT mode to REQUIRE answers what
     * share of the calls would have been refused. Errors: NOT_FOUND (APP_NOT_FOUND),
     * INVALID_ARGUMENT (UNKNOWN_FIELD, INVALID_SETTINGS), ABORTED (ETAG_MISMATCH).
     * </pre>
     */
    public com.appprofile.v1.UpdateAppResponse updateApp(com.appprofile.v1.UpdateAppRequest request) {
      return io.grpc.stub.ClientCalls.blockingUnaryCall(
          getChannel(), getUpdateAppMethod(), getCallOptions(), request);
    }

    /**
     * <pre>
     * Lists the tenant's apps, ordered by id.
     * </pre>
     */
    public com.appprofile.v1.ListAppsResponse listApps(com.appprofile.v1.ListAppsRequest request) {
      return io.grpc.stub.ClientCalls.blockingUnaryCall(
          getChannel(), getListAppsMethod(), getCallOptions(), request);
    }

    /**
     * <pre>
     * Deletes an app and revokes its keys. Errors: NOT_FOUND (APP_NOT_FOUND), FAILED_PRECONDITION (APP_NOT_EMPTY) while it has
     * profiles, unless `force`.
     * </pre>
     */
    public com.appprofile.v1.DeleteAppResponse deleteApp(com.appprofile.v1.DeleteAppRequest request) {
      return io.grpc.stub.ClientCalls.blockingUnaryCall(
          getChannel(), getDeleteAppMethod(), getCallOptions(), request);
    }

    /**
     * <pre>
     * Creates a key of the caller's tenant. Only this response contains the secret. Not idempotent: a repeated call
     * creates another key, which ListKeys lists and RevokeKey revokes.
     * </pre>
     */
    public com.appprofile.v1.CreateKeyResponse createKey(com.appprofile.v1.CreateKeyRequest request) {
      return io.grpc.stub.ClientCalls.blockingUnaryCall(
          getChannel(), getCreateKeyMethod(), getCallOptions(), request);
    }

    /**
     * <pre>
     * Lists keys, including revoked keys, newest first.
     * </pre>
     */
    public com.appprofile.v1.ListKeysResponse listKeys(com.appprofile.v1.ListKeysRequest request) {
      return io.grpc.stub.ClientCalls.blockingUnaryCall(
          getChannel(), getListKeysMethod(), getCallOptions(), request);
    }

    /**
     * <pre>
     * Revokes a key. It takes effect at once on the worker that runs the call, and within 5 seconds on every other
     * worker. Repeating it succeeds. Errors: NOT_FOUND (KEY_NOT_FOUND).
     * </pre>
     */
    public com.appprofile.v1.RevokeKeyResponse revokeKey(com.appprofile.v1.RevokeKeyRequest request) {
      return io.grpc.stub.ClientCalls.blockingUnaryCall(
          getChannel(), getRevokeKeyMethod(), getCallOptions(), request);
    }

    /**
     * <pre>
     * Adds a key to the app's JWT authorization, up to 16. It takes effect at once on the worker that runs the call, and
     * within 5 seconds on every other worker. Not idempotent: a repeated call fails with JWT_KEY_ALREADY_EXISTS or adds
     * the same set again. Errors: INVALID_ARGUMENT (INVALID_REQUEST): the key cannot be used, `BadRequest` says why;
     * ALREADY_EXISTS (JWT_KEY_ALREADY_EXISTS), FAILED_PRECONDITION (TOO_MANY_JWT_KEYS; SEALING_NOT_CONFIGURED: shared secrets need a key ring).
     * </pre>
     */
    public com.appprofile.v1.AddJwtKeyResponse addJwtKey(com.appprofile.v1.AddJwtKeyRequest request) {
      return io.grpc.stub.ClientCalls.blockingUnaryCall(
          getChannel(), getAddJwtKeyMethod(), getCallOptions(), request);
    }

    /**
     * <pre>
     * Lists the keys of the app's JWT authorization, oldest first. Returns no secret.
     * </pre>
     */
    public com.appprofile.v1.ListJwtKeysResponse listJwtKeys(com.appprofile.v1.ListJwtKeysRequest request) {
      return io.grpc.stub.ClientCalls.blockingUnaryCall(
          getChannel(), getListJwtKeysMethod(), getCallOptions(), request);
    }

    /**
     * <pre>
     * Removes a key from the app's JWT authorization. JWTs that it signed are refused at once on the worker that runs the
     * call, and within 5 seconds on every other worker. Errors: NOT_FOUND (JWT_KEY_NOT_FOUND) unless `allow_missing`.
     * </pre>
     */
    public com.appprofile.v1.RemoveJwtKeyResponse removeJwtKey(com.appprofile.v1.RemoveJwtKeyRequest request) {
      return io.grpc.stub.ClientCalls.blockingUnaryCall(
          getChannel(), getRemoveJwtKeyMethod(), getCallOptions(), request);
    }

    /**
     * <pre>
     * Returns how the checks of the app's calls ended in the last 30 days: what REQUIRE would refuse, and which SDK
     * versions it concerns. Calls are counted while the mode is OBSERVE or REQUIRE, with a delay of up to 10 seconds.
     * </pre>
     */
    public com.appprofile.v1.GetJwtReadinessResponse getJwtReadiness(com.appprofile.v1.GetJwtReadinessRequest request) {
      return io.grpc.stub.ClientCalls.blockingUnaryCall(
          getChannel(), getGetJwtReadinessMethod(), getCallOptions(), request);
    }

    /**
     * <pre>
     * Returns the configuration of the app's SDKs. An SDK that polls sends the `etag` that it has.
     * </pre>
     */
    public com.appprofile.v1.GetSdkConfigResponse getSdkConfig(com.appprofile.v1.GetSdkConfigRequest request) {
      return io.grpc.stub.ClientCalls.blockingUnaryCall(
          getChannel(), getGetSdkConfigMethod(), getCallOptions(), request);
    }
  }

  /**
   * A stub to allow clients to do ListenableFuture-style rpc calls to service AppService.
   * <pre>
   * The service for operators. Internal services may also call GetApp, ListApps and GetSdkConfig, and SDKs GetSdkConfig.
   * A message may be up to 4 MiB. The metadata of a call may be up to 8 KiB, counted as in HTTP/2: the name, the value
   * and 32 bytes for each entry, including gRPC's own entries. A call beyond either limit fails with RESOURCE_EXHAUSTED.
   * </pre>
   */
  public static final class AppServiceFutureStub
      extends io.grpc.stub.AbstractFutureStub<AppServiceFutureStub> {
    private AppServiceFutureStub(
        io.grpc.Channel channel, io.grpc.CallOptions callOptions) {
      super(channel, callOptions);
    }

    @java.lang.Override
    protected AppServiceFutureStub build(
        io.grpc.Channel channel, io.grpc.CallOptions callOptions) {
      return new AppServiceFutureStub(channel, callOptions);
    }

    /**
     * <pre>
     * Creates an app of the key's tenant. Errors: ALREADY_EXISTS (APP_ALREADY_EXISTS), INVALID_ARGUMENT (INVALID_SETTINGS),
     * PERMISSION_DENIED (TENANT_NOT_ALLOWED).
     * </pre>
     */
    public com.google.common.util.concurrent.ListenableFuture<com.appprofile.v1.CreateAppResponse> createApp(
        com.appprofile.v1.CreateAppRequest request) {
      return io.grpc.stub.ClientCalls.futureUnaryCall(
          getChannel().newCall(getCreateAppMethod(), getCallOptions()), request);
    }

    /**
     * <pre>
     * Reads an app. Errors: NOT_FOUND (APP_NOT_FOUND, ADMIN keys only).
     * </pre>
     */
    public com.google.common.util.concurrent.ListenableFuture<com.appprofile.v1.GetAppResponse> getApp(
        com.appprofile.v1.GetAppRequest request) {
      return io.grpc.stub.ClientCalls.futureUnaryCall(
          getChannel().newCall(getGetAppMethod(), getCallOptions()), request);
    }

    /**
     * <pre>
     * Changes an app. The change is in force at once and rewrites no profile. Setting the JWT mode to REQUIRE answers what
     * share of the calls would have been refused. Errors: NOT_FOUND (APP_NOT_FOUND),
     * INVALID_ARGUMENT (UNKNOWN_FIELD, INVALID_SETTINGS), ABORTED (ETAG_MISMATCH).
     * </pre>
     */
    public com.google.common.util.concurrent.ListenableFuture<com.appprofile.v1.UpdateAppResponse> updateApp(
        com.appprofile.v1.UpdateAppRequest request) {
      return io.grpc.stub.ClientCalls.futureUnaryCall(
          getChannel().newCall(getUpdateAppMethod(), getCallOptions()), request);
    }

    /**
     * <pre>
     * Lists the tenant's apps, ordered by id.
     * </pre>
     */
    public com.google.common.util.concurrent.ListenableFuture<com.appprofile.v1.ListAppsResponse> listApps(
        com.appprofile.v1.ListAppsRequest request) {
      return io.grpc.stub.ClientCalls.futureUnaryCall(
          getChannel().newCall(getListAppsMethod(), getCallOptions()), request);
    }

    /**
     * <pre>
     * Deletes an app and revokes its keys. Errors: NOT_FOUND (APP_NOT_FOUND), FAILED_PRECONDITION (APP_NOT_EMPTY) while it has
     * profiles, unless `force`.
     * </pre>
     */
    public com.google.common.util.concurrent.ListenableFuture<com.appprofile.v1.DeleteAppResponse> deleteApp(
        com.appprofile.v1.DeleteAppRequest request) {
      return io.grpc.stub.ClientCalls.futureUnaryCall(
          getChannel().newCall(getDeleteAppMethod(), getCallOptions()), request);
    }

    /**
     * <pre>
     * Creates a key of the caller's tenant. Only this response contains the secret. Not idempotent: a repeated call
     * creates another key, which ListKeys lists and RevokeKey revokes.
     * </pre>
     */
    public com.google.common.util.concurrent.ListenableFuture<com.appprofile.v1.CreateKeyResponse> createKey(
        com.appprofile.v1.CreateKeyRequest request) {
      return io.grpc.stub.ClientCalls.futureUnaryCall(
          getChannel().newCall(getCreateKeyMethod(), getCallOptions()), request);
    }

    /**
     * <pre>
     * Lists keys, including revoked keys, newest first.
     * </pre>
     */
    public com.google.common.util.concurrent.ListenableFuture<com.appprofile.v1.ListKeysResponse> listKeys(
        com.appprofile.v1.ListKeysRequest request) {
      return io.grpc.stub.ClientCalls.futureUnaryCall(
          getChannel().newCall(getListKeysMethod(), getCallOptions()), request);
    }

    /**
     * <pre>
     * Revokes a key. It takes effect at once on the worker that runs the call, and within 5 seconds on every other
     * worker. Repeating it succeeds. Errors: NOT_FOUND (KEY_NOT_FOUND).
     * </pre>
     */
    public com.google.common.util.concurrent.ListenableFuture<com.appprofile.v1.RevokeKeyResponse> revokeKey(
        com.appprofile.v1.RevokeKeyRequest request) {
      return io.grpc.stub.ClientCalls.futureUnaryCall(
          getChannel().newCall(getRevokeKeyMethod(), getCallOptions()), request);
    }

    /**
     * <pre>
     * Adds a key to the app's JWT authorization, up to 16. It takes effect at once on the worker that runs the call, and
     * within 5 seconds on every other worker. Not idempotent: a repeated call fails with JWT_KEY_ALREADY_EXISTS or adds
     * the same set again. Errors: INVALID_ARGUMENT (INVALID_REQUEST): the key cannot be used, `BadRequest` says why;
     * ALREADY_EXISTS (JWT_KEY_ALREADY_EXISTS), FAILED_PRECONDITION (TOO_MANY_JWT_KEYS; SEALING_NOT_CONFIGURED: shared secrets need a key ring).
     * </pre>
     */
    public com.google.common.util.concurrent.ListenableFuture<com.appprofile.v1.AddJwtKeyResponse> addJwtKey(
        com.appprofile.v1.AddJwtKeyRequest request) {
      return io.grpc.stub.ClientCalls.futureUnaryCall(
          getChannel().newCall(getAddJwtKeyMethod(), getCallOptions()), request);
    }

    /**
     * <pre>
     * Lists the keys of the app's JWT authorization, oldest first. Returns no secret.
     * </pre>
     */
    public com.google.common.util.concurrent.ListenableFuture<com.appprofile.v1.ListJwtKeysResponse> listJwtKeys(
        com.appprofile.v1.ListJwtKeysRequest request) {
      return io.grpc.stub.ClientCalls.futureUnaryCall(
          getChannel().newCall(getListJwtKeysMethod(), getCallOptions()), request);
    }

    /**
     * <pre>
     * Removes a key from the app's JWT authorization. JWTs that it signed are refused at once on the worker that runs the
     * call, and within 5 seconds on every other worker. Errors: NOT_FOUND (JWT_KEY_NOT_FOUND) unless `allow_missing`.
     * </pre>
     */
    public com.google.common.util.concurrent.ListenableFuture<com.appprofile.v1.RemoveJwtKeyResponse> removeJwtKey(
        com.appprofile.v1.RemoveJwtKeyRequest request) {
      return io.grpc.stub.ClientCalls.futureUnaryCall(
          getChannel().newCall(getRemoveJwtKeyMethod(), getCallOptions()), request);
    }

    /**
     * <pre>
     * Returns how the checks of the app's calls ended in the last 30 days: what REQUIRE would refuse, and which SDK
     * versions it concerns. Calls are counted while the mode is OBSERVE or REQUIRE, with a delay of up to 10 seconds.
     * </pre>
     */
    public com.google.common.util.concurrent.ListenableFuture<com.appprofile.v1.GetJwtReadinessResponse> getJwtReadiness(
        com.appprofile.v1.GetJwtReadinessRequest request) {
      return io.grpc.stub.ClientCalls.futureUnaryCall(
          getChannel().newCall(getGetJwtReadinessMethod(), getCallOptions()), request);
    }

    /**
     * <pre>
     * Returns the configuration of the app's SDKs. An SDK that polls sends the `etag` that it has.
     * </pre>
     */
    public com.google.common.util.concurrent.ListenableFuture<com.appprofile.v1.GetSdkConfigResponse> getSdkConfig(
        com.appprofile.v1.GetSdkConfigRequest request) {
      return io.grpc.stub.ClientCalls.futureUnaryCall(
          getChannel().newCall(getGetSdkConfigMethod(), getCallOptions()), request);
    }
  }

  private static final int METHODID_CREATE_APP = 0;
  private static final int METHODID_GET_APP = 1;
  private static final int METHODID_UPDATE_APP = 2;
  private static final int METHODID_LIST_APPS = 3;
  private static final int METHODID_DELETE_APP = 4;
  private static final int METHODID_CREATE_KEY = 5;
  private static final int METHODID_LIST_KEYS = 6;
  private static final int METHODID_REVOKE_KEY = 7;
  private static final int METHODID_ADD_JWT_KEY = 8;
  private static final int METHODID_LIST_JWT_KEYS = 9;
  private static final int METHODID_REMOVE_JWT_KEY = 10;
  private static final int METHODID_GET_JWT_READINESS = 11;
  private static final int METHODID_GET_SDK_CONFIG = 12;

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
        case METHODID_CREATE_APP:
          serviceImpl.createApp((com.appprofile.v1.CreateAppRequest) request,
              (io.grpc.stub.StreamObserver<com.appprofile.v1.CreateAppResponse>) responseObserver);
          break;
        case METHODID_GET_APP:
          serviceImpl.getApp((com.appprofile.v1.GetAppRequest) request,
              (io.grpc.stub.StreamObserver<com.appprofile.v1.GetAppResponse>) responseObserver);
          break;
        case METHODID_UPDATE_APP:
          serviceImpl.updateApp((com.appprofile.v1.UpdateAppRequest) request,
              (io.grpc.stub.StreamObserver<com.appprofile.v1.UpdateAppResponse>) responseObserver);
          break;
        case METHODID_LIST_APPS:
          serviceImpl.listApps((com.appprofile.v1.ListAppsRequest) request,
              (io.grpc.stub.StreamObserver<com.appprofile.v1.ListAppsResponse>) responseObserver);
          break;
        case METHODID_DELETE_APP:
          serviceImpl.deleteApp((com.appprofile.v1.DeleteAppRequest) request,
              (io.grpc.stub.StreamObserver<com.appprofile.v1.DeleteAppResponse>) responseObserver);
          break;
        case METHODID_CREATE_KEY:
          serviceImpl.createKey((com.appprofile.v1.CreateKeyRequest) request,
              (io.grpc.stub.StreamObserver<com.appprofile.v1.CreateKeyResponse>) responseObserver);
          break;
        case METHODID_LIST_KEYS:
          serviceImpl.listKeys((com.appprofile.v1.ListKeysRequest) request,
              (io.grpc.stub.StreamObserver<com.appprofile.v1.ListKeysResponse>) responseObserver);
          break;
        case METHODID_REVOKE_KEY:
          serviceImpl.revokeKey((com.appprofile.v1.RevokeKeyRequest) request,
              (io.grpc.stub.StreamObserver<com.appprofile.v1.RevokeKeyResponse>) responseObserver);
          break;
        case METHODID_ADD_JWT_KEY:
          serviceImpl.addJwtKey((com.appprofile.v1.AddJwtKeyRequest) request,
              (io.grpc.stub.StreamObserver<com.appprofile.v1.AddJwtKeyResponse>) responseObserver);
          break;
        case METHODID_LIST_JWT_KEYS:
          serviceImpl.listJwtKeys((com.appprofile.v1.ListJwtKeysRequest) request,
              (io.grpc.stub.StreamObserver<com.appprofile.v1.ListJwtKeysResponse>) responseObserver);
          break;
        case METHODID_REMOVE_JWT_KEY:
          serviceImpl.removeJwtKey((com.appprofile.v1.RemoveJwtKeyRequest) request,
              (io.grpc.stub.StreamObserver<com.appprofile.v1.RemoveJwtKeyResponse>) responseObserver);
          break;
        case METHODID_GET_JWT_READINESS:
          serviceImpl.getJwtReadiness((com.appprofile.v1.GetJwtReadinessRequest) request,
              (io.grpc.stub.StreamObserver<com.appprofile.v1.GetJwtReadinessResponse>) responseObserver);
          break;
        case METHODID_GET_SDK_CONFIG:
          serviceImpl.getSdkConfig((com.appprofile.v1.GetSdkConfigRequest) request,
              (io.grpc.stub.StreamObserver<com.appprofile.v1.GetSdkConfigResponse>) responseObserver);
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
          getCreateAppMethod(),
          io.grpc.stub.ServerCalls.asyncUnaryCall(
            new MethodHandlers<
              com.appprofile.v1.CreateAppRequest,
              com.appprofile.v1.CreateAppResponse>(
                service, METHODID_CREATE_APP)))
        .addMethod(
          getGetAppMethod(),
          io.grpc.stub.ServerCalls.asyncUnaryCall(
            new MethodHandlers<
              com.appprofile.v1.GetAppRequest,
              com.appprofile.v1.GetAppResponse>(
                service, METHODID_GET_APP)))
        .addMethod(
          getUpdateAppMethod(),
          io.grpc.stub.ServerCalls.asyncUnaryCall(
            new MethodHandlers<
              com.appprofile.v1.UpdateAppRequest,
              com.appprofile.v1.UpdateAppResponse>(
                service, METHODID_UPDATE_APP)))
        .addMethod(
          getListAppsMethod(),
          io.grpc.stub.ServerCalls.asyncUnaryCall(
            new MethodHandlers<
              com.appprofile.v1.ListAppsRequest,
              com.appprofile.v1.ListAppsResponse>(
                service, METHODID_LIST_APPS)))
        .addMethod(
          getDeleteAppMethod(),
          io.grpc.stub.ServerCalls.asyncUnaryCall(
            new MethodHandlers<
              com.appprofile.v1.DeleteAppRequest,
              com.appprofile.v1.DeleteAppResponse>(
                service, METHODID_DELETE_APP)))
        .addMethod(
          getCreateKeyMethod(),
          io.grpc.stub.ServerCalls.asyncUnaryCall(
            new MethodHandlers<
              com.appprofile.v1.CreateKeyRequest,
              com.appprofile.v1.CreateKeyResponse>(
                service, METHODID_CREATE_KEY)))
        .addMethod(
          getListKeysMethod(),
          io.grpc.stub.ServerCalls.asyncUnaryCall(
            new MethodHandlers<
              com.appprofile.v1.ListKeysRequest,
              com.appprofile.v1.ListKeysResponse>(
                service, METHODID_LIST_KEYS)))
        .addMethod(
          getRevokeKeyMethod(),
          io.grpc.stub.ServerCalls.asyncUnaryCall(
            new MethodHandlers<
              com.appprofile.v1.RevokeKeyRequest,
              com.appprofile.v1.RevokeKeyResponse>(
                service, METHODID_REVOKE_KEY)))
        .addMethod(
          getAddJwtKeyMethod(),
          io.grpc.stub.ServerCalls.asyncUnaryCall(
            new MethodHandlers<
              com.appprofile.v1.AddJwtKeyRequest,
              com.appprofile.v1.AddJwtKeyResponse>(
                service, METHODID_ADD_JWT_KEY)))
        .addMethod(
          getListJwtKeysMethod(),
          io.grpc.stub.ServerCalls.asyncUnaryCall(
            new MethodHandlers<
              com.appprofile.v1.ListJwtKeysRequest,
              com.appprofile.v1.ListJwtKeysResponse>(
                service, METHODID_LIST_JWT_KEYS)))
        .addMethod(
          getRemoveJwtKeyMethod(),
          io.grpc.stub.ServerCalls.asyncUnaryCall(
            new MethodHandlers<
              com.appprofile.v1.RemoveJwtKeyRequest,
              com.appprofile.v1.RemoveJwtKeyResponse>(
                service, METHODID_REMOVE_JWT_KEY)))
        .addMethod(
          getGetJwtReadinessMethod(),
          io.grpc.stub.ServerCalls.asyncUnaryCall(
            new MethodHandlers<
              com.appprofile.v1.GetJwtReadinessRequest,
              com.appprofile.v1.GetJwtReadinessResponse>(
                service, METHODID_GET_JWT_READINESS)))
        .addMethod(
          getGetSdkConfigMethod(),
          io.grpc.stub.ServerCalls.asyncUnaryCall(
            new MethodHandlers<
              com.appprofile.v1.GetSdkConfigRequest,
              com.appprofile.v1.GetSdkConfigResponse>(
                service, METHODID_GET_SDK_CONFIG)))
        .build();
  }

  private static abstract class AppServiceBaseDescriptorSupplier
      implements io.grpc.protobuf.ProtoFileDescriptorSupplier, io.grpc.protobuf.ProtoServiceDescriptorSupplier {
    AppServiceBaseDescriptorSupplier() {}

    @java.lang.Override
    public com.google.protobuf.Descriptors.FileDescriptor getFileDescriptor() {
      return com.appprofile.v1.AppServiceProto.getDescriptor();
    }

    @java.lang.Override
    public com.google.protobuf.Descriptors.ServiceDescriptor getServiceDescriptor() {
      return getFileDescriptor().findServiceByName("AppService");
    }
  }

  private static final class AppServiceFileDescriptorSupplier
      extends AppServiceBaseDescriptorSupplier {
    AppServiceFileDescriptorSupplier() {}
  }

  private static final class AppServiceMethodDescriptorSupplier
      extends AppServiceBaseDescriptorSupplier
      implements io.grpc.protobuf.ProtoMethodDescriptorSupplier {
    private final java.lang.String methodName;

    AppServiceMethodDescriptorSupplier(java.lang.String methodName) {
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
      synchronized (AppServiceGrpc.class) {
        result = serviceDescriptor;
        if (result == null) {
          serviceDescriptor = result = io.grpc.ServiceDescriptor.newBuilder(SERVICE_NAME)
              .setSchemaDescriptor(new AppServiceFileDescriptorSupplier())
              .addMethod(getCreateAppMethod())
              .addMethod(getGetAppMethod())
              .addMethod(getUpdateAppMethod())
              .addMethod(getListAppsMethod())
              .addMethod(getDeleteAppMethod())
              .addMethod(getCreateKeyMethod())
              .addMethod(getListKeysMethod())
              .addMethod(getRevokeKeyMethod())
              .addMethod(getAddJwtKeyMethod())
              .addMethod(getListJwtKeysMethod())
              .addMethod(getRemoveJwtKeyMethod())
              .addMethod(getGetJwtReadinessMethod())
              .addMethod(getGetSdkConfigMethod())
              .build();
        }
      }
    }
    return result;
  }
}

package com.appprofile.v1;

import static io.grpc.MethodDescriptor.generateFullMethodName;

/**
 * <pre>
 * The service for devices, gateways and internal services. Every method is safe to retry. A message may be up to 4 MiB.
 * The metadata of a call may be up to 8 KiB, counted as in HTTP/2: the name, the value and 32 bytes for each entry,
 * including gRPC's own entries. A call beyond either limit fails with RESOURCE_EXHAUSTED.
 * </pre>
 */
@io.grpc.stub.annotations.GrpcGenerated
public final class ProfileServiceGrpc {

  private ProfileServiceGrpc() {}

  public static final java.lang.String SERVICE_NAME = "appprofile.v1.ProfileService";

  // Static method descriptors that strictly reflect the proto.
  private static volatile io.grpc.MethodDescriptor<com.appprofile.v1.RegisterRequest,
      com.appprofile.v1.RegisterResponse> getRegisterMethod;

  @io.grpc.stub.annotations.RpcMethod(
      fullMethodName = SERVICE_NAME + '/' + "Register",
      requestType = com.appprofile.v1.RegisterRequest.class,
      responseType = com.appprofile.v1.RegisterResponse.class,
      methodType = io.grpc.MethodDescriptor.MethodType.UNARY)
  public static io.grpc.MethodDescriptor<com.appprofile.v1.RegisterRequest,
      com.appprofile.v1.RegisterResponse> getRegisterMethod() {
    io.grpc.MethodDescriptor<com.appprofile.v1.RegisterRequest, com.appprofile.v1.RegisterResponse> getRegisterMethod;
    if ((getRegisterMethod = ProfileServiceGrpc.getRegisterMethod) == null) {
      synchronized (ProfileServiceGrpc.class) {
        if ((getRegisterMethod = ProfileServiceGrpc.getRegisterMethod) == null) {
          ProfileServiceGrpc.getRegisterMethod = getRegisterMethod =
              io.grpc.MethodDescriptor.<com.appprofile.v1.RegisterRequest, com.appprofile.v1.RegisterResponse>newBuilder()
              .setType(io.grpc.MethodDescriptor.MethodType.UNARY)
              .setFullMethodName(generateFullMethodName(SERVICE_NAME, "Register"))
              .setIdempotent(true)
              .setSampledToLocalTracing(true)
              .setRequestMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  com.appprofile.v1.RegisterRequest.getDefaultInstance()))
              .setResponseMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  com.appprofile.v1.RegisterResponse.getDefaultInstance()))
              .setSchemaDescriptor(new ProfileServiceMethodDescriptorSupplier("Register"))
              .build();
        }
      }
    }
    return getRegisterMethod;
  }

  private static volatile io.grpc.MethodDescriptor<com.appprofile.v1.HeartbeatRequest,
      com.appprofile.v1.HeartbeatResponse> getHeartbeatMethod;

  @io.grpc.stub.annotations.RpcMethod(
      fullMethodName = SERVICE_NAME + '/' + "Heartbeat",
      requestType = com.appprofile.v1.HeartbeatRequest.class,
      responseType = com.appprofile.v1.HeartbeatResponse.class,
      methodType = io.grpc.MethodDescriptor.MethodType.UNARY)
  public static io.grpc.MethodDescriptor<com.appprofile.v1.HeartbeatRequest,
      com.appprofile.v1.HeartbeatResponse> getHeartbeatMethod() {
    io.grpc.MethodDescriptor<com.appprofile.v1.HeartbeatRequest, com.appprofile.v1.HeartbeatResponse> getHeartbeatMethod;
    if ((getHeartbeatMethod = ProfileServiceGrpc.getHeartbeatMethod) == null) {
      synchronized (ProfileServiceGrpc.class) {
        if ((getHeartbeatMethod = ProfileServiceGrpc.getHeartbeatMethod) == null) {
          ProfileServiceGrpc.getHeartbeatMethod = getHeartbeatMethod =
              io.grpc.MethodDescriptor.<com.appprofile.v1.HeartbeatRequest, com.appprofile.v1.HeartbeatResponse>newBuilder()
              .setType(io.grpc.MethodDescriptor.MethodType.UNARY)
              .setFullMethodName(generateFullMethodName(SERVICE_NAME, "Heartbeat"))
              .setIdempotent(true)
              .setSampledToLocalTracing(true)
              .setRequestMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  com.appprofile.v1.HeartbeatRequest.getDefaultInstance()))
              .setResponseMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  com.appprofile.v1.HeartbeatResponse.getDefaultInstance()))
              .setSchemaDescriptor(new ProfileServiceMethodDescriptorSupplier("Heartbeat"))
              .build();
        }
      }
    }
    return getHeartbeatMethod;
  }

  private static volatile io.grpc.MethodDescriptor<com.appprofile.v1.BatchHeartbeatRequest,
      com.appprofile.v1.BatchHeartbeatResponse> getBatchHeartbeatMethod;

  @io.grpc.stub.annotations.RpcMethod(
      fullMethodName = SERVICE_NAME + '/' + "BatchHeartbeat",
      requestType = com.appprofile.v1.BatchHeartbeatRequest.class,
      responseType = com.appprofile.v1.BatchHeartbeatResponse.class,
      methodType = io.grpc.MethodDescriptor.MethodType.UNARY)
  public static io.grpc.MethodDescriptor<com.appprofile.v1.BatchHeartbeatRequest,
      com.appprofile.v1.BatchHeartbeatResponse> getBatchHeartbeatMethod() {
    io.grpc.MethodDescriptor<com.appprofile.v1.BatchHeartbeatRequest, com.appprofile.v1.BatchHeartbeatResponse> getBatchHeartbeatMethod;
    if ((getBatchHeartbeatMethod = ProfileServiceGrpc.getBatchHeartbeatMethod) == null) {
      synchronized (ProfileServiceGrpc.class) {
        if ((getBatchHeartbeatMethod = ProfileServiceGrpc.getBatchHeartbeatMethod) == null) {
          ProfileServiceGrpc.getBatchHeartbeatMethod = getBatchHeartbeatMethod =
              io.grpc.MethodDescriptor.<com.appprofile.v1.BatchHeartbeatRequest, com.appprofile.v1.BatchHeartbeatResponse>newBuilder()
              .setType(io.grpc.MethodDescriptor.MethodType.UNARY)
              .setFullMethodName(generateFullMethodName(SERVICE_NAME, "BatchHeartbeat"))
              .setIdempotent(true)
              .setSampledToLocalTracing(true)
              .setRequestMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  com.appprofile.v1.BatchHeartbeatRequest.getDefaultInstance()))
              .setResponseMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  com.appprofile.v1.BatchHeartbeatResponse.getDefaultInstance()))
              .setSchemaDescriptor(new ProfileServiceMethodDescriptorSupplier("BatchHeartbeat"))
              .build();
        }
      }
    }
    return getBatchHeartbeatMethod;
  }

  private static volatile io.grpc.MethodDescriptor<com.appprofile.v1.UpdateProfileDataRequest,
      com.appprofile.v1.UpdateProfileDataResponse> getUpdateProfileDataMethod;

  @io.grpc.stub.annotations.RpcMethod(
      fullMethodName = SERVICE_NAME + '/' + "UpdateProfileData",
      requestType = com.appprofile.v1.UpdateProfileDataRequest.class,
      responseType = com.appprofile.v1.UpdateProfileDataResponse.class,
      methodType = io.grpc.MethodDescriptor.MethodType.UNARY)
  public static io.grpc.MethodDescriptor<com.appprofile.v1.UpdateProfileDataRequest,
      com.appprofile.v1.UpdateProfileDataResponse> getUpdateProfileDataMethod() {
    io.grpc.MethodDescriptor<com.appprofile.v1.UpdateProfileDataRequest, com.appprofile.v1.UpdateProfileDataResponse> getUpdateProfileDataMethod;
    if ((getUpdateProfileDataMethod = ProfileServiceGrpc.getUpdateProfileDataMethod) == null) {
      synchronized (ProfileServiceGrpc.class) {
        if ((getUpdateProfileDataMethod = ProfileServiceGrpc.getUpdateProfileDataMethod) == null) {
          ProfileServiceGrpc.getUpdateProfileDataMethod = getUpdateProfileDataMethod =
              io.grpc.MethodDescriptor.<com.appprofile.v1.UpdateProfileDataRequest, com.appprofile.v1.UpdateProfileDataResponse>newBuilder()
              .setType(io.grpc.MethodDescriptor.MethodType.UNARY)
              .setFullMethodName(generateFullMethodName(SERVICE_NAME, "UpdateProfileData"))
              .setIdempotent(true)
              .setSampledToLocalTracing(true)
              .setRequestMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  com.appprofile.v1.UpdateProfileDataRequest.getDefaultInstance()))
              .setResponseMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  com.appprofile.v1.UpdateProfileDataResponse.getDefaultInstance()))
              .setSchemaDescriptor(new ProfileServiceMethodDescriptorSupplier("UpdateProfileData"))
              .build();
        }
      }
    }
    return getUpdateProfileDataMethod;
  }

  private static volatile io.grpc.MethodDescriptor<com.appprofile.v1.UnregisterRequest,
      com.appprofile.v1.UnregisterResponse> getUnregisterMethod;

  @io.grpc.stub.annotations.RpcMethod(
      fullMethodName = SERVICE_NAME + '/' + "Unregister",
      requestType = com.appprofile.v1.UnregisterRequest.class,
      responseType = com.appprofile.v1.UnregisterResponse.class,
      methodType = io.grpc.MethodDescriptor.MethodType.UNARY)
  public static io.grpc.MethodDescriptor<com.appprofile.v1.UnregisterRequest,
      com.appprofile.v1.UnregisterResponse> getUnregisterMethod() {
    io.grpc.MethodDescriptor<com.appprofile.v1.UnregisterRequest, com.appprofile.v1.UnregisterResponse> getUnregisterMethod;
    if ((getUnregisterMethod = ProfileServiceGrpc.getUnregisterMethod) == null) {
      synchronized (ProfileServiceGrpc.class) {
        if ((getUnregisterMethod = ProfileServiceGrpc.getUnregisterMethod) == null) {
          ProfileServiceGrpc.getUnregisterMethod = getUnregisterMethod =
              io.grpc.MethodDescriptor.<com.appprofile.v1.UnregisterRequest, com.appprofile.v1.UnregisterResponse>newBuilder()
              .setType(io.grpc.MethodDescriptor.MethodType.UNARY)
              .setFullMethodName(generateFullMethodName(SERVICE_NAME, "Unregister"))
              .setIdempotent(true)
              .setSampledToLocalTracing(true)
              .setRequestMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  com.appprofile.v1.UnregisterRequest.getDefaultInstance()))
              .setResponseMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  com.appprofile.v1.UnregisterResponse.getDefaultInstance()))
              .setSchemaDescriptor(new ProfileServiceMethodDescriptorSupplier("Unregister"))
              .build();
        }
      }
    }
    return getUnregisterMethod;
  }

  private static volatile io.grpc.MethodDescriptor<com.appprofile.v1.DeleteDeviceProfileRequest,
      com.appprofile.v1.DeleteDeviceProfileResponse> getDeleteDeviceProfileMethod;

  @io.grpc.stub.annotations.RpcMethod(
      fullMethodName = SERVICE_NAME + '/' + "DeleteDeviceProfile",
      requestType = com.appprofile.v1.DeleteDeviceProfileRequest.class,
      responseType = com.appprofile.v1.DeleteDeviceProfileResponse.class,
      methodType = io.grpc.MethodDescriptor.MethodType.UNARY)
  public static io.grpc.MethodDescriptor<com.appprofile.v1.DeleteDeviceProfileRequest,
      com.appprofile.v1.DeleteDeviceProfileResponse> getDeleteDeviceProfileMethod() {
    io.grpc.MethodDescriptor<com.appprofile.v1.DeleteDeviceProfileRequest, com.appprofile.v1.DeleteDeviceProfileResponse> getDeleteDeviceProfileMethod;
    if ((getDeleteDeviceProfileMethod = ProfileServiceGrpc.getDeleteDeviceProfileMethod) == null) {
      synchronized (ProfileServiceGrpc.class) {
        if ((getDeleteDeviceProfileMethod = ProfileServiceGrpc.getDeleteDeviceProfileMethod) == null) {
          ProfileServiceGrpc.getDeleteDeviceProfileMethod = getDeleteDeviceProfileMethod =
              io.grpc.MethodDescriptor.<com.appprofile.v1.DeleteDeviceProfileRequest, com.appprofile.v1.DeleteDeviceProfileResponse>newBuilder()
              .setType(io.grpc.MethodDescriptor.MethodType.UNARY)
              .setFullMethodName(generateFullMethodName(SERVICE_NAME, "DeleteDeviceProfile"))
              .setIdempotent(true)
              .setSampledToLocalTracing(true)
              .setRequestMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  com.appprofile.v1.DeleteDeviceProfileRequest.getDefaultInstance()))
              .setResponseMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  com.appprofile.v1.DeleteDeviceProfileResponse.getDefaultInstance()))
              .setSchemaDescriptor(new ProfileServiceMethodDescriptorSupplier("DeleteDeviceProfile"))
              .build();
        }
      }
    }
    return getDeleteDeviceProfileMethod;
  }

  private static volatile io.grpc.MethodDescriptor<com.appprofile.v1.ReportPushFeedbackRequest,
      com.appprofile.v1.ReportPushFeedbackResponse> getReportPushFeedbackMethod;

  @io.grpc.stub.annotations.RpcMethod(
      fullMethodName = SERVICE_NAME + '/' + "ReportPushFeedback",
      requestType = com.appprofile.v1.ReportPushFeedbackRequest.class,
      responseType = com.appprofile.v1.ReportPushFeedbackResponse.class,
      methodType = io.grpc.MethodDescriptor.MethodType.UNARY)
  public static io.grpc.MethodDescriptor<com.appprofile.v1.ReportPushFeedbackRequest,
      com.appprofile.v1.ReportPushFeedbackResponse> getReportPushFeedbackMethod() {
    io.grpc.MethodDescriptor<com.appprofile.v1.ReportPushFeedbackRequest, com.appprofile.v1.ReportPushFeedbackResponse> getReportPushFeedbackMethod;
    if ((getReportPushFeedbackMethod = ProfileServiceGrpc.getReportPushFeedbackMethod) == null) {
      synchronized (ProfileServiceGrpc.class) {
        if ((getReportPushFeedbackMethod = ProfileServiceGrpc.getReportPushFeedbackMethod) == null) {
          ProfileServiceGrpc.getReportPushFeedbackMethod = getReportPushFeedbackMethod =
              io.grpc.MethodDescriptor.<com.appprofile.v1.ReportPushFeedbackRequest, com.appprofile.v1.ReportPushFeedbackResponse>newBuilder()
              .setType(io.grpc.MethodDescriptor.MethodType.UNARY)
              .setFullMethodName(generateFullMethodName(SERVICE_NAME, "ReportPushFeedback"))
              .setIdempotent(true)
              .setSampledToLocalTracing(true)
              .setRequestMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  com.appprofile.v1.ReportPushFeedbackRequest.getDefaultInstance()))
              .setResponseMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  com.appprofile.v1.ReportPushFeedbackResponse.getDefaultInstance()))
              .setSchemaDescriptor(new ProfileServiceMethodDescriptorSupplier("ReportPushFeedback"))
              .build();
        }
      }
    }
    return getReportPushFeedbackMethod;
  }

  private static volatile io.grpc.MethodDescriptor<com.appprofile.v1.RemoveAccountRequest,
      com.appprofile.v1.RemoveAccountResponse> getRemoveAccountMethod;

  @io.grpc.stub.annotations.RpcMethod(
      fullMethodName = SERVICE_NAME + '/' + "RemoveAccount",
      requestType = com.appprofile.v1.RemoveAccountRequest.class,
      responseType = com.appprofile.v1.RemoveAccountResponse.class,
      methodType = io.grpc.MethodDescriptor.MethodType.UNARY)
  public static io.grpc.MethodDescriptor<com.appprofile.v1.RemoveAccountRequest,
      com.appprofile.v1.RemoveAccountResponse> getRemoveAccountMethod() {
    io.grpc.MethodDescriptor<com.appprofile.v1.RemoveAccountRequest, com.appprofile.v1.RemoveAccountResponse> getRemoveAccountMethod;
    if ((getRemoveAccountMethod = ProfileServiceGrpc.getRemoveAccountMethod) == null) {
      synchronized (ProfileServiceGrpc.class) {
        if ((getRemoveAccountMethod = ProfileServiceGrpc.getRemoveAccountMethod) == null) {
          ProfileServiceGrpc.getRemoveAccountMethod = getRemoveAccountMethod =
              io.grpc.MethodDescriptor.<com.appprofile.v1.RemoveAccountRequest, com.appprofile.v1.RemoveAccountResponse>newBuilder()
              .setType(io.grpc.MethodDescriptor.MethodType.UNARY)
              .setFullMethodName(generateFullMethodName(SERVICE_NAME, "RemoveAccount"))
              .setIdempotent(true)
              .setSampledToLocalTracing(true)
              .setRequestMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  com.appprofile.v1.RemoveAccountRequest.getDefaultInstance()))
              .setResponseMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  com.appprofile.v1.RemoveAccountResponse.getDefaultInstance()))
              .setSchemaDescriptor(new ProfileServiceMethodDescriptorSupplier("RemoveAccount"))
              .build();
        }
      }
    }
    return getRemoveAccountMethod;
  }

  private static volatile io.grpc.MethodDescriptor<com.appprofile.v1.GetProfileRequest,
      com.appprofile.v1.GetProfileResponse> getGetProfileMethod;

  @io.grpc.stub.annotations.RpcMethod(
      fullMethodName = SERVICE_NAME + '/' + "GetProfile",
      requestType = com.appprofile.v1.GetProfileRequest.class,
      responseType = com.appprofile.v1.GetProfileResponse.class,
      methodType = io.grpc.MethodDescriptor.MethodType.UNARY)
  public static io.grpc.MethodDescriptor<com.appprofile.v1.GetProfileRequest,
      com.appprofile.v1.GetProfileResponse> getGetProfileMethod() {
    io.grpc.MethodDescriptor<com.appprofile.v1.GetProfileRequest, com.appprofile.v1.GetProfileResponse> getGetProfileMethod;
    if ((getGetProfileMethod = ProfileServiceGrpc.getGetProfileMethod) == null) {
      synchronized (ProfileServiceGrpc.class) {
        if ((getGetProfileMethod = ProfileServiceGrpc.getGetProfileMethod) == null) {
          ProfileServiceGrpc.getGetProfileMethod = getGetProfileMethod =
              io.grpc.MethodDescriptor.<com.appprofile.v1.GetProfileRequest, com.appprofile.v1.GetProfileResponse>newBuilder()
              .setType(io.grpc.MethodDescriptor.MethodType.UNARY)
              .setFullMethodName(generateFullMethodName(SERVICE_NAME, "GetProfile"))
              .setSafe(true)
              .setSampledToLocalTracing(true)
              .setRequestMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  com.appprofile.v1.GetProfileRequest.getDefaultInstance()))
              .setResponseMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  com.appprofile.v1.GetProfileResponse.getDefaultInstance()))
              .setSchemaDescriptor(new ProfileServiceMethodDescriptorSupplier("GetProfile"))
              .build();
        }
      }
    }
    return getGetProfileMethod;
  }

  private static volatile io.grpc.MethodDescriptor<com.appprofile.v1.ListProfilesRequest,
      com.appprofile.v1.ListProfilesResponse> getListProfilesMethod;

  @io.grpc.stub.annotations.RpcMethod(
      fullMethodName = SERVICE_NAME + '/' + "ListProfiles",
      requestType = com.appprofile.v1.ListProfilesRequest.class,
      responseType = com.appprofile.v1.ListProfilesResponse.class,
      methodType = io.grpc.MethodDescriptor.MethodType.UNARY)
  public static io.grpc.MethodDescriptor<com.appprofile.v1.ListProfilesRequest,
      com.appprofile.v1.ListProfilesResponse> getListProfilesMethod() {
    io.grpc.MethodDescriptor<com.appprofile.v1.ListProfilesRequest, com.appprofile.v1.ListProfilesResponse> getListProfilesMethod;
    if ((getListProfilesMethod = ProfileServiceGrpc.getListProfilesMethod) == null) {
      synchronized (ProfileServiceGrpc.class) {
        if ((getListProfilesMethod = ProfileServiceGrpc.getListProfilesMethod) == null) {
          ProfileServiceGrpc.getListProfilesMethod = getListProfilesMethod =
              io.grpc.MethodDescriptor.<com.appprofile.v1.ListProfilesRequest, com.appprofile.v1.ListProfilesResponse>newBuilder()
              .setType(io.grpc.MethodDescriptor.MethodType.UNARY)
              .setFullMethodName(generateFullMethodName(SERVICE_NAME, "ListProfiles"))
              .setSafe(true)
              .setSampledToLocalTracing(true)
              .setRequestMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  com.appprofile.v1.ListProfilesRequest.getDefaultInstance()))
              .setResponseMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  com.appprofile.v1.ListProfilesResponse.getDefaultInstance()))
              .setSchemaDescriptor(new ProfileServiceMethodDescriptorSupplier("ListProfiles"))
              .build();
        }
      }
    }
    return getListProfilesMethod;
  }

  private static volatile io.grpc.MethodDescriptor<com.appprofile.v1.ResolveRecipientsRequest,
      com.appprofile.v1.ResolveRecipientsResponse> getResolveRecipientsMethod;

  @io.grpc.stub.annotations.RpcMethod(
      fullMethodName = SERVICE_NAME + '/' + "ResolveRecipients",
      requestType = com.appprofile.v1.ResolveRecipientsRequest.class,
      responseType = com.appprofile.v1.ResolveRecipientsResponse.class,
      methodType = io.grpc.MethodDescriptor.MethodType.SERVER_STREAMING)
  public static io.grpc.MethodDescriptor<com.appprofile.v1.ResolveRecipientsRequest,
      com.appprofile.v1.ResolveRecipientsResponse> getResolveRecipientsMethod() {
    io.grpc.MethodDescriptor<com.appprofile.v1.ResolveRecipientsRequest, com.appprofile.v1.ResolveRecipientsResponse> getResolveRecipientsMethod;
    if ((getResolveRecipientsMethod = ProfileServiceGrpc.getResolveRecipientsMethod) == null) {
      synchronized (ProfileServiceGrpc.class) {
        if ((getResolveRecipientsMethod = ProfileServiceGrpc.getResolveRecipientsMethod) == null) {
          ProfileServiceGrpc.getResolveRecipientsMethod = getResolveRecipientsMethod =
              io.grpc.MethodDescriptor.<com.appprofile.v1.ResolveRecipientsRequest, com.appprofile.v1.ResolveRecipientsResponse>newBuilder()
              .setType(io.grpc.MethodDescriptor.MethodType.SERVER_STREAMING)
              .setFullMethodName(generateFullMethodName(SERVICE_NAME, "ResolveRecipients"))
              .setSafe(true)
              .setSampledToLocalTracing(true)
              .setRequestMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  com.appprofile.v1.ResolveRecipientsRequest.getDefaultInstance()))
              .setResponseMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  com.appprofile.v1.ResolveRecipientsResponse.getDefaultInstance()))
              .setSchemaDescriptor(new ProfileServiceMethodDescriptorSupplier("ResolveRecipients"))
              .build();
        }
      }
    }
    return getResolveRecipientsMethod;
  }

  private static volatile io.grpc.MethodDescriptor<com.appprofile.v1.CountRecipientsRequest,
      com.appprofile.v1.CountRecipientsResponse> getCountRecipientsMethod;

  @io.grpc.stub.annotations.RpcMethod(
      fullMethodName = SERVICE_NAME + '/' + "CountRecipients",
      requestType = com.appprofile.v1.CountRecipientsRequest.class,
      responseType = com.appprofile.v1.CountRecipientsResponse.class,
      methodType = io.grpc.MethodDescriptor.MethodType.UNARY)
  public static io.grpc.MethodDescriptor<com.appprofile.v1.CountRecipientsRequest,
      com.appprofile.v1.CountRecipientsResponse> getCountRecipientsMethod() {
    io.grpc.MethodDescriptor<com.appprofile.v1.CountRecipientsRequest, com.appprofile.v1.CountRecipientsResponse> getCountRecipientsMethod;
    if ((getCountRecipientsMethod = ProfileServiceGrpc.getCountRecipientsMethod) == null) {
      synchronized (ProfileServiceGrpc.class) {
        if ((getCountRecipientsMethod = ProfileServiceGrpc.getCountRecipientsMethod) == null) {
          ProfileServiceGrpc.getCountRecipientsMethod = getCountRecipientsMethod =
              io.grpc.MethodDescriptor.<com.appprofile.v1.CountRecipientsRequest, com.appprofile.v1.CountRecipientsResponse>newBuilder()
              .setType(io.grpc.MethodDescriptor.MethodType.UNARY)
              .setFullMethodName(generateFullMethodName(SERVICE_NAME, "CountRecipients"))
              .setSafe(true)
              .setSampledToLocalTracing(true)
              .setRequestMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  com.appprofile.v1.CountRecipientsRequest.getDefaultInstance()))
              .setResponseMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  com.appprofile.v1.CountRecipientsResponse.getDefaultInstance()))
              .setSchemaDescriptor(new ProfileServiceMethodDescriptorSupplier("CountRecipients"))
              .build();
        }
      }
    }
    return getCountRecipientsMethod;
  }

  private static volatile io.grpc.MethodDescriptor<com.appprofile.v1.ExplainReachRequest,
      com.appprofile.v1.ExplainReachResponse> getExplainReachMethod;

  @io.grpc.stub.annotations.RpcMethod(
      fullMethodName = SERVICE_NAME + '/' + "ExplainReach",
      requestType = com.appprofile.v1.ExplainReachRequest.class,
      responseType = com.appprofile.v1.ExplainReachResponse.class,
      methodType = io.grpc.MethodDescriptor.MethodType.UNARY)
  public static io.grpc.MethodDescriptor<com.appprofile.v1.ExplainReachRequest,
      com.appprofile.v1.ExplainReachResponse> getExplainReachMethod() {
    io.grpc.MethodDescriptor<com.appprofile.v1.ExplainReachRequest, com.appprofile.v1.ExplainReachResponse> getExplainReachMethod;
    if ((getExplainReachMethod = ProfileServiceGrpc.getExplainReachMethod) == null) {
      synchronized (ProfileServiceGrpc.class) {
        if ((getExplainReachMethod = ProfileServiceGrpc.getExplainReachMethod) == null) {
          ProfileServiceGrpc.getExplainReachMethod = getExplainReachMethod =
              io.grpc.MethodDescriptor.<com.appprofile.v1.ExplainReachRequest, com.appprofile.v1.ExplainReachResponse>newBuilder()
              .setType(io.grpc.MethodDescriptor.MethodType.UNARY)
              .setFullMethodName(generateFullMethodName(SERVICE_NAME, "ExplainReach"))
              .setSafe(true)
              .setSampledToLocalTracing(true)
              .setRequestMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  com.appprofile.v1.ExplainReachRequest.getDefaultInstance()))
              .setResponseMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  com.appprofile.v1.ExplainReachResponse.getDefaultInstance()))
              .setSchemaDescriptor(new ProfileServiceMethodDescriptorSupplier("ExplainReach"))
              .build();
        }
      }
    }
    return getExplainReachMethod;
  }

  private static volatile io.grpc.MethodDescriptor<com.appprofile.v1.WatchProfilesRequest,
      com.appprofile.v1.WatchProfilesResponse> getWatchProfilesMethod;

  @io.grpc.stub.annotations.RpcMethod(
      fullMethodName = SERVICE_NAME + '/' + "WatchProfiles",
      requestType = com.appprofile.v1.WatchProfilesRequest.class,
      responseType = com.appprofile.v1.WatchProfilesResponse.class,
      methodType = io.grpc.MethodDescriptor.MethodType.SERVER_STREAMING)
  public static io.grpc.MethodDescriptor<com.appprofile.v1.WatchProfilesRequest,
      com.appprofile.v1.WatchProfilesResponse> getWatchProfilesMethod() {
    io.grpc.MethodDescriptor<com.appprofile.v1.WatchProfilesRequest, com.appprofile.v1.WatchProfilesResponse> getWatchProfilesMethod;
    if ((getWatchProfilesMethod = ProfileServiceGrpc.getWatchProfilesMethod) == null) {
      synchronized (ProfileServiceGrpc.class) {
        if ((getWatchProfilesMethod = ProfileServiceGrpc.getWatchProfilesMethod) == null) {
          ProfileServiceGrpc.getWatchProfilesMethod = getWatchProfilesMethod =
              io.grpc.MethodDescriptor.<com.appprofile.v1.WatchProfilesRequest, com.appprofile.v1.WatchProfilesResponse>newBuilder()
              .setType(io.grpc.MethodDescriptor.MethodType.SERVER_STREAMING)
              .setFullMethodName(generateFullMethodName(SERVICE_NAME, "WatchProfiles"))
              .setSafe(true)
              .setSampledToLocalTracing(true)
              .setRequestMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  com.appprofile.v1.WatchProfilesRequest.getDefaultInstance()))
              .setResponseMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  com.appprofile.v1.WatchProfilesResponse.getDefaultInstance()))
              .setSchemaDescriptor(new ProfileServiceMethodDescriptorSupplier("WatchProfiles"))
              .build();
        }
      }
    }
    return getWatchProfilesMethod;
  }

  private static volatile io.grpc.MethodDescriptor<com.appprofile.v1.ImportProfilesRequest,
      com.appprofile.v1.ImportProfilesResponse> getImportProfilesMethod;

  @io.grpc.stub.annotations.RpcMethod(
      fullMethodName = SERVICE_NAME + '/' + "ImportProfiles",
      requestType = com.appprofile.v1.ImportProfilesRequest.class,
      responseType = com.appprofile.v1.ImportProfilesResponse.class,
      methodType = io.grpc.MethodDescriptor.MethodType.BIDI_STREAMING)
  public static io.grpc.MethodDescriptor<com.appprofile.v1.ImportProfilesRequest,
      com.appprofile.v1.ImportProfilesResponse> getImportProfilesMethod() {
    io.grpc.MethodDescriptor<com.appprofile.v1.ImportProfilesRequest, com.appprofile.v1.ImportProfilesResponse> getImportProfilesMethod;
    if ((getImportProfilesMethod = ProfileServiceGrpc.getImportProfilesMethod) == null) {
      synchronized (ProfileServiceGrpc.class) {
        if ((getImportProfilesMethod = ProfileServiceGrpc.getImportProfilesMethod) == null) {
          ProfileServiceGrpc.getImportProfilesMethod = getImportProfilesMethod =
              io.grpc.MethodDescriptor.<com.appprofile.v1.ImportProfilesRequest, com.appprofile.v1.ImportProfilesResponse>newBuilder()
              .setType(io.grpc.MethodDescriptor.MethodType.BIDI_STREAMING)
              .setFullMethodName(generateFullMethodName(SERVICE_NAME, "ImportProfiles"))
              .setIdempotent(true)
              .setSampledToLocalTracing(true)
              .setRequestMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  com.appprofile.v1.ImportProfilesRequest.getDefaultInstance()))
              .setResponseMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  com.appprofile.v1.ImportProfilesResponse.getDefaultInstance()))
              .setSchemaDescriptor(new ProfileServiceMethodDescriptorSupplier("ImportProfiles"))
              .build();
        }
      }
    }
    return getImportProfilesMethod;
  }

  private static volatile io.grpc.MethodDescriptor<com.appprofile.v1.ExportProfilesRequest,
      com.appprofile.v1.ExportProfilesResponse> getExportProfilesMethod;

  @io.grpc.stub.annotations.RpcMethod(
      fullMethodName = SERVICE_NAME + '/' + "ExportProfiles",
      requestType = com.appprofile.v1.ExportProfilesRequest.class,
      responseType = com.appprofile.v1.ExportProfilesResponse.class,
      methodType = io.grpc.MethodDescriptor.MethodType.SERVER_STREAMING)
  public static io.grpc.MethodDescriptor<com.appprofile.v1.ExportProfilesRequest,
      com.appprofile.v1.ExportProfilesResponse> getExportProfilesMethod() {
    io.grpc.MethodDescriptor<com.appprofile.v1.ExportProfilesRequest, com.appprofile.v1.ExportProfilesResponse> getExportProfilesMethod;
    if ((getExportProfilesMethod = ProfileServiceGrpc.getExportProfilesMethod) == null) {
      synchronized (ProfileServiceGrpc.class) {
        if ((getExportProfilesMethod = ProfileServiceGrpc.getExportProfilesMethod) == null) {
          ProfileServiceGrpc.getExportProfilesMethod = getExportProfilesMethod =
              io.grpc.MethodDescriptor.<com.appprofile.v1.ExportProfilesRequest, com.appprofile.v1.ExportProfilesResponse>newBuilder()
              .setType(io.grpc.MethodDescriptor.MethodType.SERVER_STREAMING)
              .setFullMethodName(generateFullMethodName(SERVICE_NAME, "ExportProfiles"))
              .setSafe(true)
              .setSampledToLocalTracing(true)
              .setRequestMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  com.appprofile.v1.ExportProfilesRequest.getDefaultInstance()))
              .setResponseMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  com.appprofile.v1.ExportProfilesResponse.getDefaultInstance()))
              .setSchemaDescriptor(new ProfileServiceMethodDescriptorSupplier("ExportProfiles"))
              .build();
        }
      }
    }
    return getExportProfilesMethod;
  }

  private static volatile io.grpc.MethodDescriptor<com.appprofile.v1.EraseUserRequest,
      com.appprofile.v1.EraseUserResponse> getEraseUserMethod;

  @io.grpc.stub.annotations.RpcMethod(
      fullMethodName = SERVICE_NAME + '/' + "EraseUser",
      requestType = com.appprofile.v1.EraseUserRequest.class,
      responseType = com.appprofile.v1.EraseUserResponse.class,
      methodType = io.grpc.MethodDescriptor.MethodType.UNARY)
  public static io.grpc.MethodDescriptor<com.appprofile.v1.EraseUserRequest,
      com.appprofile.v1.EraseUserResponse> getEraseUserMethod() {
    io.grpc.MethodDescriptor<com.appprofile.v1.EraseUserRequest, com.appprofile.v1.EraseUserResponse> getEraseUserMethod;
    if ((getEraseUserMethod = ProfileServiceGrpc.getEraseUserMethod) == null) {
      synchronized (ProfileServiceGrpc.class) {
        if ((getEraseUserMethod = ProfileServiceGrpc.getEraseUserMethod) == null) {
          ProfileServiceGrpc.getEraseUserMethod = getEraseUserMethod =
              io.grpc.MethodDescriptor.<com.appprofile.v1.EraseUserRequest, com.appprofile.v1.EraseUserResponse>newBuilder()
              .setType(io.grpc.MethodDescriptor.MethodType.UNARY)
              .setFullMethodName(generateFullMethodName(SERVICE_NAME, "EraseUser"))
              .setIdempotent(true)
              .setSampledToLocalTracing(true)
              .setRequestMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  com.appprofile.v1.EraseUserRequest.getDefaultInstance()))
              .setResponseMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  com.appprofile.v1.EraseUserResponse.getDefaultInstance()))
              .setSchemaDescriptor(new ProfileServiceMethodDescriptorSupplier("EraseUser"))
              .build();
        }
      }
    }
    return getEraseUserMethod;
  }

  /**
   * Creates a new async stub that supports all call types for the service
   */
  public static ProfileServiceStub newStub(io.grpc.Channel channel) {
    io.grpc.stub.AbstractStub.StubFactory<ProfileServiceStub> factory =
      new io.grpc.stub.AbstractStub.StubFactory<ProfileServiceStub>() {
        @java.lang.Override
        public ProfileServiceStub newStub(io.grpc.Channel channel, io.grpc.CallOptions callOptions) {
          return new ProfileServiceStub(channel, callOptions);
        }
      };
    return ProfileServiceStub.newStub(factory, channel);
  }

  /**
   * Creates a new blocking-style stub that supports all types of calls on the service
   */
  public static ProfileServiceBlockingV2Stub newBlockingV2Stub(
      io.grpc.Channel channel) {
    io.grpc.stub.AbstractStub.StubFactory<ProfileServiceBlockingV2Stub> factory =
      new io.grpc.stub.AbstractStub.StubFactory<ProfileServiceBlockingV2Stub>() {
        @java.lang.Override
        public ProfileServiceBlockingV2Stub newStub(io.grpc.Channel channel, io.grpc.CallOptions callOptions) {
          return new ProfileServiceBlockingV2Stub(channel, callOptions);
        }
      };
    return ProfileServiceBlockingV2Stub.newStub(factory, channel);
  }

  /**
   * Creates a new blocking-style stub that supports unary and streaming output calls on the service
   */
  public static ProfileServiceBlockingStub newBlockingStub(
      io.grpc.Channel channel) {
    io.grpc.stub.AbstractStub.StubFactory<ProfileServiceBlockingStub> factory =
      new io.grpc.stub.AbstractStub.StubFactory<ProfileServiceBlockingStub>() {
        @java.lang.Override
        public ProfileServiceBlockingStub newStub(io.grpc.Channel channel, io.grpc.CallOptions callOptions) {
          return new ProfileServiceBlockingStub(channel, callOptions);
        }
      };
    return ProfileServiceBlockingStub.newStub(factory, channel);
  }

  /**
   * Creates a new ListenableFuture-style stub that supports unary calls on the service
   */
  public static ProfileServiceFutureStub newFutureStub(
      io.grpc.Channel channel) {
    io.grpc.stub.AbstractStub.StubFactory<ProfileServiceFutureStub> factory =
      new io.grpc.stub.AbstractStub.StubFactory<ProfileServiceFutureStub>() {
        @java.lang.Override
        public ProfileServiceFutureStub newStub(io.grpc.Channel channel, io.grpc.CallOptions callOptions) {
          return new ProfileServiceFutureStub(channel, callOptions);
        }
      };
    return ProfileServiceFutureStub.newStub(factory, channel);
  }

  /**
   * <pre>
   * The service for devices, gateways and internal services. Every method is safe to retry. A message may be up to 4 MiB.
   * The metadata of a call may be up to 8 KiB, counted as in HTTP/2: the name, the value and 32 bytes for each entry,
   * including gRPC's own entries. A call beyond either limit fails with RESOURCE_EXHAUSTED.
   * </pre>
   */
  public interface AsyncService {

    /**
     * <pre>
     * Creates the profile, or registers it again. An absent field keeps its stored value; maps are merged. The newest
     * registration owns the device and its push tokens; the response lists every other profile that changed because of
     * it.
     * Errors: INVALID_ARGUMENT (CHANNEL_NOT_ENABLED, INVALID_ATTRIBUTE, PLACEHOLDER_TOKEN), FAILED_PRECONDITION
     * (OUT_OF_ORDER).
     * </pre>
     */
    default void register(com.appprofile.v1.RegisterRequest request,
        io.grpc.stub.StreamObserver<com.appprofile.v1.RegisterResponse> responseObserver) {
      io.grpc.stub.ServerCalls.asyncUnimplementedUnaryCall(getRegisterMethod(), responseObserver);
    }

    /**
     * <pre>
     * Records that the installation is alive. Never creates a profile.
     * Errors: NOT_FOUND (REREGISTER_REQUIRED, with the cause), FAILED_PRECONDITION (PROFILE_UNREGISTERED).
     * </pre>
     */
    default void heartbeat(com.appprofile.v1.HeartbeatRequest request,
        io.grpc.stub.StreamObserver<com.appprofile.v1.HeartbeatResponse> responseObserver) {
      io.grpc.stub.ServerCalls.asyncUnimplementedUnaryCall(getHeartbeatMethod(), responseObserver);
    }

    /**
     * <pre>
     * Records the heartbeats of 1 to 1000 profiles, of any of the caller's apps. Each has a result of its own.
     * Errors of an item are in its result. They are the errors that Heartbeat returns.
     * </pre>
     */
    default void batchHeartbeat(com.appprofile.v1.BatchHeartbeatRequest request,
        io.grpc.stub.StreamObserver<com.appprofile.v1.BatchHeartbeatResponse> responseObserver) {
      io.grpc.stub.ServerCalls.asyncUnimplementedUnaryCall(getBatchHeartbeatMethod(), responseObserver);
    }

    /**
     * <pre>
     * Patches a profile. Errors: INVALID_ARGUMENT (UNKNOWN_FIELD, INVALID_ATTRIBUTE, CHANNEL_NOT_ENABLED,
     * PLACEHOLDER_TOKEN), NOT_FOUND (REREGISTER_REQUIRED, with the cause), FAILED_PRECONDITION (PROFILE_UNREGISTERED,
     * OUT_OF_ORDER), ABORTED (ETAG_MISMATCH).
     * </pre>
     */
    default void updateProfileData(com.appprofile.v1.UpdateProfileDataRequest request,
        io.grpc.stub.StreamObserver<com.appprofile.v1.UpdateProfileDataResponse> responseObserver) {
      io.grpc.stub.ServerCalls.asyncUnimplementedUnaryCall(getUpdateProfileDataMethod(), responseObserver);
    }

    /**
     * <pre>
     * Signs the user out of the device: the profile becomes UNREGISTERED, loses its push endpoints and is purged after the
     * app's retention. Repeating it succeeds. Errors: NOT_FOUND (PROFILE_NOT_FOUND) unless `allow_missing`, FAILED_PRECONDITION
     * (OUT_OF_ORDER).
     * </pre>
     */
    default void unregister(com.appprofile.v1.UnregisterRequest request,
        io.grpc.stub.StreamObserver<com.appprofile.v1.UnregisterResponse> responseObserver) {
      io.grpc.stub.ServerCalls.asyncUnimplementedUnaryCall(getUnregisterMethod(), responseObserver);
    }

    /**
     * <pre>
     * Deletes profiles at once and irreversibly. Errors: NOT_FOUND (PROFILE_NOT_FOUND) unless `allow_missing`.
     * </pre>
     */
    default void deleteDeviceProfile(com.appprofile.v1.DeleteDeviceProfileRequest request,
        io.grpc.stub.StreamObserver<com.appprofile.v1.DeleteDeviceProfileResponse> responseObserver) {
      io.grpc.stub.ServerCalls.asyncUnimplementedUnaryCall(getDeleteDeviceProfileMethod(), responseObserver);
    }

    /**
     * <pre>
     * Processes 1 to 1000 responses of push providers and removes the tokens that they prove dead. Each item has a result
     * of its own. An item has an effect only if its evidence is newer than the token's last confirmation: late feedback
     * never harms a live registration.
     * </pre>
     */
    default void reportPushFeedback(com.appprofile.v1.ReportPushFeedbackRequest request,
        io.grpc.stub.StreamObserver<com.appprofile.v1.ReportPushFeedbackResponse> responseObserver) {
      io.grpc.stub.ServerCalls.asyncUnimplementedUnaryCall(getReportPushFeedbackMethod(), responseObserver);
    }

    /**
     * <pre>
     * Applies one account-removal report: removes the profile that matches the account and holds a reported token, unless it
     * was registered after the report. The HTTP bridge calls this method. Errors: INVALID_ARGUMENT (PLACEHOLDER_TOKEN:
     * every reported token is a placeholder), FAILED_PRECONDITION (OUT_OF_ORDER).
     * </pre>
     */
    default void removeAccount(com.appprofile.v1.RemoveAccountRequest request,
        io.grpc.stub.StreamObserver<com.appprofile.v1.RemoveAccountResponse> responseObserver) {
      io.grpc.stub.ServerCalls.asyncUnimplementedUnaryCall(getRemoveAccountMethod(), responseObserver);
    }

    /**
     * <pre>
     * Reads one profile. Errors: NOT_FOUND (PROFILE_NOT_FOUND).
     * </pre>
     */
    default void getProfile(com.appprofile.v1.GetProfileRequest request,
        io.grpc.stub.StreamObserver<com.appprofile.v1.GetProfileResponse> responseObserver) {
      io.grpc.stub.ServerCalls.asyncUnimplementedUnaryCall(getGetProfileMethod(), responseObserver);
    }

    /**
     * <pre>
     * Lists profiles of an app, ordered by user and device. Errors: INVALID_ARGUMENT (INVALID_PAGE_TOKEN,
     * INVALID_FILTER).
     * </pre>
     */
    default void listProfiles(com.appprofile.v1.ListProfilesRequest request,
        io.grpc.stub.StreamObserver<com.appprofile.v1.ListProfilesResponse> responseObserver) {
      io.grpc.stub.ServerCalls.asyncUnimplementedUnaryCall(getListProfilesMethod(), responseObserver);
    }

    /**
     * <pre>
     * Streams the profiles that a message can reach, each once, in order of user and device, with their push endpoints. A
     * profile is judged as it is when it is read. Each message carries a token; after an interruption, resume with the
     * last one. The service ends a long stream from time to time (UNAVAILABLE: STREAM_AGED, DRAINING). The end of the
     * stream (OK) means that everything was sent.
     * Errors: INVALID_ARGUMENT (INVALID_FILTER, INVALID_RESUME_TOKEN), RESOURCE_EXHAUSTED (TOO_MANY_STREAMS).
     * </pre>
     */
    default void resolveRecipients(com.appprofile.v1.ResolveRecipientsRequest request,
        io.grpc.stub.StreamObserver<com.appprofile.v1.ResolveRecipientsResponse> responseObserver) {
      io.grpc.stub.ServerCalls.asyncUnimplementedUnaryCall(getResolveRecipientsMethod(), responseObserver);
    }

    /**
     * <pre>
     * Counts the recipients that ResolveRecipients would stream now, exactly. Takes time in proportion to their number: some
     * seconds for a million. Errors: INVALID_ARGUMENT (INVALID_FILTER).
     * </pre>
     */
    default void countRecipients(com.appprofile.v1.CountRecipientsRequest request,
        io.grpc.stub.StreamObserver<com.appprofile.v1.CountRecipientsResponse> responseObserver) {
      io.grpc.stub.ServerCalls.asyncUnimplementedUnaryCall(getCountRecipientsMethod(), responseObserver);
    }

    /**
     * <pre>
     * Says for each profile of a user or a customer whether a message would reach it, and every reason if not.
     * </pre>
     */
    default void explainReach(com.appprofile.v1.ExplainReachRequest request,
        io.grpc.stub.StreamObserver<com.appprofile.v1.ExplainReachResponse> responseObserver) {
      io.grpc.stub.ServerCalls.asyncUnimplementedUnaryCall(getExplainReachMethod(), responseObserver);
    }

    /**
     * <pre>
     * Streams the events of one app, several, or every app of the key's tenant (also of apps that are created later), in
     * order of position: after a token, from now on, or from the oldest that is kept. Each message carries a token; a
     * caller that resumes with the last one misses no event and gets none twice. After a second without events comes a
     * checkpoint, a message with a token alone. The service ends a stream from time to time (UNAVAILABLE: STREAM_AGED,
     * DRAINING); resume with the last token.
     * Errors: OUT_OF_RANGE (RESUME_TOKEN_EXPIRED), INVALID_ARGUMENT (INVALID_RESUME_TOKEN, INVALID_FILTER),
     * RESOURCE_EXHAUSTED (TOO_MANY_STREAMS).
     * </pre>
     */
    default void watchProfiles(com.appprofile.v1.WatchProfilesRequest request,
        io.grpc.stub.StreamObserver<com.appprofile.v1.WatchProfilesResponse> responseObserver) {
      io.grpc.stub.ServerCalls.asyncUnimplementedUnaryCall(getWatchProfilesMethod(), responseObserver);
    }

    /**
     * <pre>
     * Imports profiles by the rules of registration, decided by the times of registration in the records, whatever their
     * order. No imported profile counts as a monthly active device or has a heartbeat. Tokens are confirmed at the start
     * of the import, so that push feedback from before it is STALE.
     * Each request is answered by one response, in order. A record that is refused is named in it; the others are
     * imported. After an interruption, open the stream again with the same `import_id` and continue after the last
     * acknowledged record; a part that is repeated changes nothing. The service ends a long stream from time to time
     * (UNAVAILABLE: STREAM_AGED, DRAINING); continue in the same way.
     * Errors: RESOURCE_EXHAUSTED (TOO_MANY_STREAMS). Errors of a record are in its response: INVALID_REQUEST,
     * PLACEHOLDER_TOKEN, CHANNEL_NOT_ENABLED, INVALID_ATTRIBUTE, CUSTOMER_NOT_FOUND, CUSTOMER_MERGED, RECORD_EXPIRED,
     * DATA_REFUSED, CONFLICT.
     * </pre>
     */
    default io.grpc.stub.StreamObserver<com.appprofile.v1.ImportProfilesRequest> importProfiles(
        io.grpc.stub.StreamObserver<com.appprofile.v1.ImportProfilesResponse> responseObserver) {
      return io.grpc.stub.ServerCalls.asyncUnimplementedStreamingCall(getImportProfilesMethod(), responseObserver);
    }

    /**
     * <pre>
     * Streams the profiles of an app, each once, in order of user and device, with everything that is stored, push tokens
     * included. Each message carries a token; after an interruption, resume with the last one. The service ends a long
     * stream from time to time (UNAVAILABLE: STREAM_AGED, DRAINING). The end of the stream (OK) means that everything was
     * sent.
     * Errors: INVALID_ARGUMENT (INVALID_FILTER, INVALID_RESUME_TOKEN), RESOURCE_EXHAUSTED (TOO_MANY_STREAMS).
     * </pre>
     */
    default void exportProfiles(com.appprofile.v1.ExportProfilesRequest request,
        io.grpc.stub.StreamObserver<com.appprofile.v1.ExportProfilesResponse> responseObserver) {
      io.grpc.stub.ServerCalls.asyncUnimplementedUnaryCall(getExportProfilesMethod(), responseObserver);
    }

    /**
     * <pre>
     * Erases a user of the app: the profiles on every device, and the ids in events. Keyed hashes remain. An unknown user
     * is no error. If it is interrupted, repeat it. A report that waits in the spool of an HTTP bridge is applied later
     * and matches no profile.
     * </pre>
     */
    default void eraseUser(com.appprofile.v1.EraseUserRequest request,
        io.grpc.stub.StreamObserver<com.appprofile.v1.EraseUserResponse> responseObserver) {
      io.grpc.stub.ServerCalls.asyncUnimplementedUnaryCall(getEraseUserMethod(), responseObserver);
    }
  }

  /**
   * Base class for the server implementation of the service ProfileService.
   * <pre>
   * The service for devices, gateways and internal services. Every method is safe to retry. A message may be up to 4 MiB.
   * The metadata of a call may be up to 8 KiB, counted as in HTTP/2: the name, the value and 32 bytes for each entry,
   * including gRPC's own entries. A call beyond either limit fails with RESOURCE_EXHAUSTED.
   * </pre>
   */
  public static abstract class ProfileServiceImplBase
      implements io.grpc.BindableService, AsyncService {

    @java.lang.Override public final io.grpc.ServerServiceDefinition bindService() {
      return ProfileServiceGrpc.bindService(this);
    }
  }

  /**
   * A stub to allow clients to do asynchronous rpc calls to service ProfileService.
   * <pre>
   * The service for devices, gateways and internal services. Every method is safe to retry. A message may be up to 4 MiB.
   * The metadata of a call may be up to 8 KiB, counted as in HTTP/2: the name, the value and 32 bytes for each entry,
   * including gRPC's own entries. A call beyond either limit fails with RESOURCE_EXHAUSTED.
   * </pre>
   */
  public static final class ProfileServiceStub
      extends io.grpc.stub.AbstractAsyncStub<ProfileServiceStub> {
    private ProfileServiceStub(
        io.grpc.Channel channel, io.grpc.CallOptions callOptions) {
      super(channel, callOptions);
    }

    @java.lang.Override
    protected ProfileServiceStub build(
        io.grpc.Channel channel, io.grpc.CallOptions callOptions) {
      return new ProfileServiceStub(channel, callOptions);
    }

    /**
     * <pre>
     * Creates the profile, or registers it again. An absent field keeps its stored value; maps are merged. The newest
     * registration owns the device and its push tokens; the response lists every other profile that changed because of
     * it.
     * Errors: INVALID_ARGUMENT (CHANNEL_NOT_ENABLED, INVALID_ATTRIBUTE, PLACEHOLDER_TOKEN), FAILED_PRECONDITION
     * (OUT_OF_ORDER).
     * </pre>
     */
    public void register(com.appprofile.v1.RegisterRequest request,
        io.grpc.stub.StreamObserver<com.appprofile.v1.RegisterResponse> responseObserver) {
      io.grpc.stub.ClientCalls.asyncUnaryCall(
          getChannel().newCall(getRegisterMethod(), getCallOptions()), request, responseObserver);
    }

    /**
     * <pre>
     * Records that the installation is alive. Never creates a profile.
     * Errors: NOT_FOUND (REREGISTER_REQUIRED, with the cause), FAILED_PRECONDITION (PROFILE_UNREGISTERED).
     * </pre>
     */
    public void heartbeat(com.appprofile.v1.HeartbeatRequest request,
        io.grpc.stub.StreamObserver<com.appprofile.v1.HeartbeatResponse> responseObserver) {
      io.grpc.stub.ClientCalls.asyncUnaryCall(
          getChannel().newCall(getHeartbeatMethod(), getCallOptions()), request, responseObserver);
    }

    /**
     * <pre>
     * Records the heartbeats of 1 to 1000 profiles, of any of the caller's apps. Each has a result of its own.
     * Errors of an item are in its result. They are the errors that Heartbeat returns.
     * </pre>
     */
    public void batchHeartbeat(com.appprofile.v1.BatchHeartbeatRequest request,
        io.grpc.stub.StreamObserver<com.appprofile.v1.BatchHeartbeatResponse> responseObserver) {
      io.grpc.stub.ClientCalls.asyncUnaryCall(
          getChannel().newCall(getBatchHeartbeatMethod(), getCallOptions()), request, responseObserver);
    }

    /**
     * <pre>
     * Patches a profile. Errors: INVALID_ARGUMENT (UNKNOWN_FIELD, INVALID_ATTRIBUTE, CHANNEL_NOT_ENABLED,
     * PLACEHOLDER_TOKEN), NOT_FOUND (REREGISTER_REQUIRED, with the cause), FAILED_PRECONDITION (PROFILE_UNREGISTERED,
     * OUT_OF_ORDER), ABORTED (ETAG_MISMATCH).
     * </pre>
     */
    public void updateProfileData(com.appprofile.v1.UpdateProfileDataRequest request,
        io.grpc.stub.StreamObserver<com.appprofile.v1.UpdateProfileDataResponse> responseObserver) {
      io.grpc.stub.ClientCalls.asyncUnaryCall(
          getChannel().newCall(getUpdateProfileDataMethod(), getCallOptions()), request, responseObserver);
    }

    /**
     * <pre>
     * Signs the user out of the device: the profile becomes UNREGISTERED, loses its push endpoints and is purged after the
     * app's retention. Repeating it succeeds. Errors: NOT_FOUND (PROFILE_NOT_FOUND) unless `allow_missing`, FAILED_PRECONDITION
     * (OUT_OF_ORDER).
     * </pre>
     */
    public void unregister(com.appprofile.v1.UnregisterRequest request,
        io.grpc.stub.StreamObserver<com.appprofile.v1.UnregisterResponse> responseObserver) {
      io.grpc.stub.ClientCalls.asyncUnaryCall(
          getChannel().newCall(getUnregisterMethod(), getCallOptions()), request, responseObserver);
    }

    /**
     * <pre>
     * Deletes profiles at once and irreversibly. Errors: NOT_FOUND (PROFILE_NOT_FOUND) unless `allow_missing`.
     * </pre>
     */
    public void deleteDeviceProfile(com.appprofile.v1.DeleteDeviceProfileRequest request,
        io.grpc.stub.StreamObserver<com.appprofile.v1.DeleteDeviceProfileResponse> responseObserver) {
      io.grpc.stub.ClientCalls.asyncUnaryCall(
          getChannel().newCall(getDeleteDeviceProfileMethod(), getCallOptions()), request, responseObserver);
    }

    /**
     * <pre>
     * Processes 1 to 1000 responses of push providers and removes the tokens that they prove dead. Each item has a result
     * of its own. An item has an effect only if its evidence is newer than the token's last confirmation: late feedback
     * never harms a live registration.
     * </pre>
     */
    public void reportPushFeedback(com.appprofile.v1.ReportPushFeedbackRequest request,
        io.grpc.stub.StreamObserver<com.appprofile.v1.ReportPushFeedbackResponse> responseObserver) {
      io.grpc.stub.ClientCalls.asyncUnaryCall(
          getChannel().newCall(getReportPushFeedbackMethod(), getCallOptions()), request, responseObserver);
    }

    /**
     * <pre>
     * Applies one account-removal report: removes the profile that matches the account and holds a reported token, unless it
     * was registered after the report. The HTTP bridge calls this method. Errors: INVALID_ARGUMENT (PLACEHOLDER_TOKEN:
     * every reported token is a placeholder), FAILED_PRECONDITION (OUT_OF_ORDER).
     * </pre>
     */
    public void removeAccount(com.appprofile.v1.RemoveAccountRequest request,
        io.grpc.stub.StreamObserver<com.appprofile.v1.RemoveAccountResponse> responseObserver) {
      io.grpc.stub.ClientCalls.asyncUnaryCall(
          getChannel().newCall(getRemoveAccountMethod(), getCallOptions()), request, responseObserver);
    }

    /**
     * <pre>
     * Reads one profile. Errors: NOT_FOUND (PROFILE_NOT_FOUND).
     * </pre>
     */
    public void getProfile(com.appprofile.v1.GetProfileRequest request,
        io.grpc.stub.StreamObserver<com.appprofile.v1.GetProfileResponse> responseObserver) {
      io.grpc.stub.ClientCalls.asyncUnaryCall(
          getChannel().newCall(getGetProfileMethod(), getCallOptions()), request, responseObserver);
    }

    /**
     * <pre>
     * Lists profiles of an app, ordered by user and device. Errors: INVALID_ARGUMENT (INVALID_PAGE_TOKEN,
     * INVALID_FILTER).
     * </pre>
     */
    public void listProfiles(com.appprofile.v1.ListProfilesRequest request,
        io.grpc.stub.StreamObserver<com.appprofile.v1.ListProfilesResponse> responseObserver) {
      io.grpc.stub.ClientCalls.asyncUnaryCall(
          getChannel().newCall(getListProfilesMethod(), getCallOptions()), request, responseObserver);
    }

    /**
     * <pre>
     * Streams the profiles that a message can reach, each once, in order of user and device, with their push endpoints. A
     * profile is judged as it is when it is read. Each message carries a token; after an interruption, resume with the
     * last one. The service ends a long stream from time to time (UNAVAILABLE: STREAM_AGED, DRAINING). The end of the
     * stream (OK) means that everything was sent.
     * Errors: INVALID_ARGUMENT (INVALID_FILTER, INVALID_RESUME_TOKEN), RESOURCE_EXHAUSTED (TOO_MANY_STREAMS).
     * </pre>
     */
    public void resolveRecipients(com.appprofile.v1.ResolveRecipientsRequest request,
        io.grpc.stub.StreamObserver<com.appprofile.v1.ResolveRecipientsResponse> responseObserver) {
      io.grpc.stub.ClientCalls.asyncServerStreamingCall(
          getChannel().newCall(getResolveRecipientsMethod(), getCallOptions()), request, responseObserver);
    }

    /**
     * <pre>
     * Counts the recipients that ResolveRecipients would stream now, exactly. Takes time in proportion to their number: some
     * seconds for a million. Errors: INVALID_ARGUMENT (INVALID_FILTER).
     * </pre>
     */
    public void countRecipients(com.appprofile.v1.CountRecipientsRequest request,
        io.grpc.stub.StreamObserver<com.appprofile.v1.CountRecipientsResponse> responseObserver) {
      io.grpc.stub.ClientCalls.asyncUnaryCall(
          getChannel().newCall(getCountRecipientsMethod(), getCallOptions()), request, responseObserver);
    }

    /**
     * <pre>
     * Says for each profile of a user or a customer whether a message would reach it, and every reason if not.
     * </pre>
     */
    public void explainReach(com.appprofile.v1.ExplainReachRequest request,
        io.grpc.stub.StreamObserver<com.appprofile.v1.ExplainReachResponse> responseObserver) {
      io.grpc.stub.ClientCalls.asyncUnaryCall(
          getChannel().newCall(getExplainReachMethod(), getCallOptions()), request, responseObserver);
    }

    /**
     * <pre>
     * Streams the events of one app, several, or every app of the key's tenant (also of apps that are created later), in
     * order of position: after a token, from now on, or from the oldest that is kept. Each message carries a token; a
     * caller that resumes with the last one misses no event and gets none twice. After a second without events comes a
     * checkpoint, a message with a token alone. The service ends a stream from time to time (UNAVAILABLE: STREAM_AGED,
     * DRAINING); resume with the last token.
     * Errors: OUT_OF_RANGE (RESUME_TOKEN_EXPIRED), INVALID_ARGUMENT (INVALID_RESUME_TOKEN, INVALID_FILTER),
     * RESOURCE_EXHAUSTED (TOO_MANY_STREAMS).
     * </pre>
     */
    public void watchProfiles(com.appprofile.v1.WatchProfilesRequest request,
        io.grpc.stub.StreamObserver<com.appprofile.v1.WatchProfilesResponse> responseObserver) {
      io.grpc.stub.ClientCalls.asyncServerStreamingCall(
          getChannel().newCall(getWatchProfilesMethod(), getCallOptions()), request, responseObserver);
    }

    /**
     * <pre>
     * Imports profiles by the rules of registration, decided by the times of registration in the records, whatever their
     * order. No imported profile counts as a monthly active device or has a heartbeat. Tokens are confirmed at the start
     * of the import, so that push feedback from before it is STALE.
     * Each request is answered by one response, in order. A record that is refused is named in it; the others are
     * imported. After an interruption, open the stream again with the same `import_id` and continue after the last
     * acknowledged record; a part that is repeated changes nothing. The service ends a long stream from time to time
     * (UNAVAILABLE: STREAM_AGED, DRAINING); continue in the same way.
     * Errors: RESOURCE_EXHAUSTED (TOO_MANY_STREAMS). Errors of a record are in its response: INVALID_REQUEST,
     * PLACEHOLDER_TOKEN, CHANNEL_NOT_ENABLED, INVALID_ATTRIBUTE, CUSTOMER_NOT_FOUND, CUSTOMER_MERGED, RECORD_EXPIRED,
     * DATA_REFUSED, CONFLICT.
     * </pre>
     */
    public io.grpc.stub.StreamObserver<com.appprofile.v1.ImportProfilesRequest> importProfiles(
        io.grpc.stub.StreamObserver<com.appprofile.v1.ImportProfilesResponse> responseObserver) {
      return io.grpc.stub.ClientCalls.asyncBidiStreamingCall(
          getChannel().newCall(getImportProfilesMethod(), getCallOptions()), responseObserver);
    }

    /**
     * <pre>
     * Streams the profiles of an app, each once, in order of user and device, with everything that is stored, push tokens
     * included. Each message carries a token; after an interruption, resume with the last one. The service ends a long
     * stream from time to time (UNAVAILABLE: STREAM_AGED, DRAINING). The end of the stream (OK) means that everything was
     * sent.
     * Errors: INVALID_ARGUMENT (INVALID_FILTER, INVALID_RESUME_TOKEN), RESOURCE_EXHAUSTED (TOO_MANY_STREAMS).
     * </pre>
     */
    public void exportProfiles(com.appprofile.v1.ExportProfilesRequest request,
        io.grpc.stub.StreamObserver<com.appprofile.v1.ExportProfilesResponse> responseObserver) {
      io.grpc.stub.ClientCalls.asyncServerStreamingCall(
          getChannel().newCall(getExportProfilesMethod(), getCallOptions()), request, responseObserver);
    }

    /**
     * <pre>
     * Erases a user of the app: the profiles on every device, and the ids in events. Keyed hashes remain. An unknown user
     * is no error. If it is interrupted, repeat it. A report that waits in the spool of an HTTP bridge is applied later
     * and matches no profile.
     * </pre>
     */
    public void eraseUser(com.appprofile.v1.EraseUserRequest request,
        io.grpc.stub.StreamObserver<com.appprofile.v1.EraseUserResponse> responseObserver) {
      io.grpc.stub.ClientCalls.asyncUnaryCall(
          getChannel().newCall(getEraseUserMethod(), getCallOptions()), request, responseObserver);
    }
  }

  /**
   * A stub to allow clients to do synchronous rpc calls to service ProfileService.
   * <pre>
   * The service for devices, gateways and internal services. Every method is safe to retry. A message may be up to 4 MiB.
   * The metadata of a call may be up to 8 KiB, counted as in HTTP/2: the name, the value and 32 bytes for each entry,
   * including gRPC's own entries. A call beyond either limit fails with RESOURCE_EXHAUSTED.
   * </pre>
   */
  public static final class ProfileServiceBlockingV2Stub
      extends io.grpc.stub.AbstractBlockingStub<ProfileServiceBlockingV2Stub> {
    private ProfileServiceBlockingV2Stub(
        io.grpc.Channel channel, io.grpc.CallOptions callOptions) {
      super(channel, callOptions);
    }

    @java.lang.Override
    protected ProfileServiceBlockingV2Stub build(
        io.grpc.Channel channel, io.grpc.CallOptions callOptions) {
      return new ProfileServiceBlockingV2Stub(channel, callOptions);
    }

    /**
     * <pre>
     * Creates the profile, or registers it again. An absent field keeps its stored value; maps are merged. The newest
     * registration owns the device and its push tokens; the response lists every other profile that changed because of
     * it.
     * Errors: INVALID_ARGUMENT (CHANNEL_NOT_ENABLED, INVALID_ATTRIBUTE, PLACEHOLDER_TOKEN), FAILED_PRECONDITION
     * (OUT_OF_ORDER).
     * </pre>
     */
    public com.appprofile.v1.RegisterResponse register(com.appprofile.v1.RegisterRequest request) throws io.grpc.StatusException {
      return io.grpc.stub.ClientCalls.blockingV2UnaryCall(
          getChannel(), getRegisterMethod(), getCallOptions(), request);
    }

    /**
     * <pre>
     * Records that the installation is alive. Never creates a profile.
     * Errors: NOT_FOUND (REREGISTER_REQUIRED, with the cause), FAILED_PRECONDITION (PROFILE_UNREGISTERED).
     * </pre>
     */
    public com.appprofile.v1.HeartbeatResponse heartbeat(com.appprofile.v1.HeartbeatRequest request) throws io.grpc.StatusException {
      return io.grpc.stub.ClientCalls.blockingV2UnaryCall(
          getChannel(), getHeartbeatMethod(), getCallOptions(), request);
    }

    /**
     * <pre>
     * Records the heartbeats of 1 to 1000 profiles, of any of the caller's apps. Each has a result of its own.
     * Errors of an item are in its result. They are the errors that Heartbeat returns.
     * </pre>
     */
    public com.appprofile.v1.BatchHeartbeatResponse batchHeartbeat(com.appprofile.v1.BatchHeartbeatRequest request) throws io.grpc.StatusException {
      return io.grpc.stub.ClientCalls.blockingV2UnaryCall(
          getChannel(), getBatchHeartbeatMethod(), getCallOptions(), request);
    }

    /**
     * <pre>
     * Patches a profile. Errors: INVALID_ARGUMENT (UNKNOWN_FIELD, INVALID_ATTRIBUTE, CHANNEL_NOT_ENABLED,
     * PLACEHOLDER_TOKEN), NOT_FOUND (REREGISTER_REQUIRED, with the cause), FAILED_PRECONDITION (PROFILE_UNREGISTERED,
     * OUT_OF_ORDER), ABORTED (ETAG_MISMATCH).
     * </pre>
     */
    public com.appprofile.v1.UpdateProfileDataResponse updateProfileData(com.appprofile.v1.UpdateProfileDataRequest request) throws io.grpc.StatusException {
      return io.grpc.stub.ClientCalls.blockingV2UnaryCall(
          getChannel(), getUpdateProfileDataMethod(), getCallOptions(), request);
    }

    /**
     * <pre>
     * Signs the user out of the device: the profile becomes UNREGISTERED, loses its push endpoints and is purged after the
     * app's retention. Repeating it succeeds. Errors: NOT_FOUND (PROFILE_NOT_FOUND) unless `allow_missing`, FAILED_PRECONDITION
     * (OUT_OF_ORDER).
     * </pre>
     */
    public com.appprofile.v1.UnregisterResponse unregister(com.appprofile.v1.UnregisterRequest request) throws io.grpc.StatusException {
      return io.grpc.stub.ClientCalls.blockingV2UnaryCall(
          getChannel(), getUnregisterMethod(), getCallOptions(), request);
    }

    /**
     * <pre>
     * Deletes profiles at once and irreversibly. Errors: NOT_FOUND (PROFILE_NOT_FOUND) unless `allow_missing`.
     * </pre>
     */
    public com.appprofile.v1.DeleteDeviceProfileResponse deleteDeviceProfile(com.appprofile.v1.DeleteDeviceProfileRequest request) throws io.grpc.StatusException {
      return io.grpc.stub.ClientCalls.blockingV2UnaryCall(
          getChannel(), getDeleteDeviceProfileMethod(), getCallOptions(), request);
    }

    /**
     * <pre>
     * Processes 1 to 1000 responses of push providers and removes the tokens that they prove dead. Each item has a result
     * of its own. An item has an effect only if its evidence is newer than the token's last confirmation: late feedback
     * never harms a live registration.
     * </pre>
     */
    public com.appprofile.v1.ReportPushFeedbackResponse reportPushFeedback(com.appprofile.v1.ReportPushFeedbackRequest request) throws io.grpc.StatusException {
      return io.grpc.stub.ClientCalls.blockingV2UnaryCall(
          getChannel(), getReportPushFeedbackMethod(), getCallOptions(), request);
    }

    /**
     * <pre>
     * Applies one account-removal report: removes the profile that matches the account and holds a reported token, unless it
     * was registered after the report. The HTTP bridge calls this method. Errors: INVALID_ARGUMENT (PLACEHOLDER_TOKEN:
     * every reported token is a placeholder), FAILED_PRECONDITION (OUT_OF_ORDER).
     * </pre>
     */
    public com.appprofile.v1.RemoveAccountResponse removeAccount(com.appprofile.v1.RemoveAccountRequest request) throws io.grpc.StatusException {
      return io.grpc.stub.ClientCalls.blockingV2UnaryCall(
          getChannel(), getRemoveAccountMethod(), getCallOptions(), request);
    }

    /**
     * <pre>
     * Reads one profile. Errors: NOT_FOUND (PROFILE_NOT_FOUND).
     * </pre>
     */
    public com.appprofile.v1.GetProfileResponse getProfile(com.appprofile.v1.GetProfileRequest request) throws io.grpc.StatusException {
      return io.grpc.stub.ClientCalls.blockingV2UnaryCall(
          getChannel(), getGetProfileMethod(), getCallOptions(), request);
    }

    /**
     * <pre>
     * Lists profiles of an app, ordered by user and device. Errors: INVALID_ARGUMENT (INVALID_PAGE_TOKEN,
     * INVALID_FILTER).
     * </pre>
     */
    public com.appprofile.v1.ListProfilesResponse listProfiles(com.appprofile.v1.ListProfilesRequest request) throws io.grpc.StatusException {
      return io.grpc.stub.ClientCalls.blockingV2UnaryCall(
          getChannel(), getListProfilesMethod(), getCallOptions(), request);
    }

    /**
     * <pre>
     * Streams the profiles that a message can reach, each once, in order of user and device, with their push endpoints. A
     * profile is judged as it is when it is read. Each message carries a token; after an interruption, resume with the
     * last one. The service ends a long stream from time to time (UNAVAILABLE: STREAM_AGED, DRAINING). The end of the
     * stream (OK) means that everything was sent.
     * Errors: INVALID_ARGUMENT (INVALID_FILTER, INVALID_RESUME_TOKEN), RESOURCE_EXHAUSTED (TOO_MANY_STREAMS).
     * </pre>
     */
    @io.grpc.ExperimentalApi("https://github.com/grpc/grpc-java/issues/10918")
    public io.grpc.stub.BlockingClientCall<?, com.appprofile.v1.ResolveRecipientsResponse>
        resolveRecipients(com.appprofile.v1.ResolveRecipientsRequest request) {
      return io.grpc.stub.ClientCalls.blockingV2ServerStreamingCall(
          getChannel(), getResolveRecipientsMethod(), getCallOptions(), request);
    }

    /**
     * <pre>
     * Counts the recipients that ResolveRecipients would stream now, exactly. Takes time in proportion to their number: some
     * seconds for a million. Errors: INVALID_ARGUMENT (INVALID_FILTER).
     * </pre>
     */
    public com.appprofile.v1.CountRecipientsResponse countRecipients(com.appprofile.v1.CountRecipientsRequest request) throws io.grpc.StatusException {
      return io.grpc.stub.ClientCalls.blockingV2UnaryCall(
          getChannel(), getCountRecipientsMethod(), getCallOptions(), request);
    }

    /**
     * <pre>
     * Says for each profile of a user or a customer whether a message would reach it, and every reason if not.
     * </pre>
     */
    public com.appprofile.v1.ExplainReachResponse explainReach(com.appprofile.v1.ExplainReachRequest request) throws io.grpc.StatusException {
      return io.grpc.stub.ClientCalls.blockingV2UnaryCall(
          getChannel(), getExplainReachMethod(), getCallOptions(), request);
    }

    /**
     * <pre>
     * Streams the events of one app, several, or every app of the key's tenant (also of apps that are created later), in
     * order of position: after a token, from now on, or from the oldest that is kept. Each message carries a token; a
     * caller that resumes with the last one misses no event and gets none twice. After a second without events comes a
     * checkpoint, a message with a token alone. The service ends a stream from time to time (UNAVAILABLE: STREAM_AGED,
     * DRAINING); resume with the last token.
     * Errors: OUT_OF_RANGE (RESUME_TOKEN_EXPIRED), INVALID_ARGUMENT (INVALID_RESUME_TOKEN, INVALID_FILTER),
     * RESOURCE_EXHAUSTED (TOO_MANY_STREAMS).
     * </pre>
     */
    @io.grpc.ExperimentalApi("https://github.com/grpc/grpc-java/issues/10918")
    public io.grpc.stub.BlockingClientCall<?, com.appprofile.v1.WatchProfilesResponse>
        watchProfiles(com.appprofile.v1.WatchProfilesRequest request) {
      return io.grpc.stub.ClientCalls.blockingV2ServerStreamingCall(
          getChannel(), getWatchProfilesMethod(), getCallOptions(), request);
    }

    /**
     * <pre>
     * Imports profiles by the rules of registration, decided by the times of registration in the records, whatever their
     * order. No imported profile counts as a monthly active device or has a heartbeat. Tokens are confirmed at the start
     * of the import, so that push feedback from before it is STALE.
     * Each request is answered by one response, in order. A record that is refused is named in it; the others are
     * imported. After an interruption, open the stream again with the same `import_id` and continue after the last
     * acknowledged record; a part that is repeated changes nothing. The service ends a long stream from time to time
     * (UNAVAILABLE: STREAM_AGED, DRAINING); continue in the same way.
     * Errors: RESOURCE_EXHAUSTED (TOO_MANY_STREAMS). Errors of a record are in its response: INVALID_REQUEST,
     * PLACEHOLDER_TOKEN, CHANNEL_NOT_ENABLED, INVALID_ATTRIBUTE, CUSTOMER_NOT_FOUND, CUSTOMER_MERGED, RECORD_EXPIRED,
     * DATA_REFUSED, CONFLICT.
     * </pre>
     */
    @io.grpc.ExperimentalApi("https://github.com/grpc/grpc-java/issues/10918")
    public io.grpc.stub.BlockingClientCall<com.appprofile.v1.ImportProfilesRequest, com.appprofile.v1.ImportProfilesResponse>
        importProfiles() {
      return io.grpc.stub.ClientCalls.blockingBidiStreamingCall(
          getChannel(), getImportProfilesMethod(), getCallOptions());
    }

    /**
     * <pre>
     * Streams the profiles of an app, each once, in order of user and device, with everything that is stored, push tokens
     * included. Each message carries a token; after an interruption, resume with the last one. The service ends a long
     * stream from time to time (UNAVAILABLE: STREAM_AGED, DRAINING). The end of the stream (OK) means that everything was
     * sent.
     * Errors: INVALID_ARGUMENT (INVALID_FILTER, INVALID_RESUME_TOKEN), RESOURCE_EXHAUSTED (TOO_MANY_STREAMS).
     * </pre>
     */
    @io.grpc.ExperimentalApi("https://github.com/grpc/grpc-java/issues/10918")
    public io.grpc.stub.BlockingClientCall<?, com.appprofile.v1.ExportProfilesResponse>
        exportProfiles(com.appprofile.v1.ExportProfilesRequest request) {
      return io.grpc.stub.ClientCalls.blockingV2ServerStreamingCall(
          getChannel(), getExportProfilesMethod(), getCallOptions(), request);
    }

    /**
     * <pre>
     * Erases a user of the app: the profiles on every device, and the ids in events. Keyed hashes remain. An unknown user
     * is no error. If it is interrupted, repeat it. A report that waits in the spool of an HTTP bridge is applied later
     * and matches no profile.
     * </pre>
     */
    public com.appprofile.v1.EraseUserResponse eraseUser(com.appprofile.v1.EraseUserRequest request) throws io.grpc.StatusException {
      return io.grpc.stub.ClientCalls.blockingV2UnaryCall(
          getChannel(), getEraseUserMethod(), getCallOptions(), request);
    }
  }

  /**
   * A stub to allow clients to do limited synchronous rpc calls to service ProfileService.
   * <pre>
   * The service for devices, gateways and internal services. Every method is safe to retry. A message may be up to 4 MiB.
   * The metadata of a call may be up to 8 KiB, counted as in HTTP/2: the name, the value and 32 bytes for each entry,
   * including gRPC's own entries. A call beyond either limit fails with RESOURCE_EXHAUSTED.
   * </pre>
   */
  public static final class ProfileServiceBlockingStub
      extends io.grpc.stub.AbstractBlockingStub<ProfileServiceBlockingStub> {
    private ProfileServiceBlockingStub(
        io.grpc.Channel channel, io.grpc.CallOptions callOptions) {
      super(channel, callOptions);
    }

    @java.lang.Override
    protected ProfileServiceBlockingStub build(
        io.grpc.Channel channel, io.grpc.CallOptions callOptions) {
      return new ProfileServiceBlockingStub(channel, callOptions);
    }

    /**
     * <pre>
     * Creates the profile, or registers it again. An absent field keeps its stored value; maps are merged. The newest
     * registration owns the device and its push tokens; the response lists every other profile that changed because of
     * it.
     * Errors: INVALID_ARGUMENT (CHANNEL_NOT_ENABLED, INVALID_ATTRIBUTE, PLACEHOLDER_TOKEN), FAILED_PRECONDITION
     * (OUT_OF_ORDER).
     * </pre>
     */
    public com.appprofile.v1.RegisterResponse register(com.appprofile.v1.RegisterRequest request) {
      return io.grpc.stub.ClientCalls.blockingUnaryCall(
          getChannel(), getRegisterMethod(), getCallOptions(), request);
    }

    /**
     * <pre>
     * Records that the installation is alive. Never creates a profile.
     * Errors: NOT_FOUND (REREGISTER_REQUIRED, with the cause), FAILED_PRECONDITION (PROFILE_UNREGISTERED).
     * </pre>
     */
    public com.appprofile.v1.HeartbeatResponse heartbeat(com.appprofile.v1.HeartbeatRequest request) {
      return io.grpc.stub.ClientCalls.blockingUnaryCall(
          getChannel(), getHeartbeatMethod(), getCallOptions(), request);
    }

    /**
     * <pre>
     * Records the heartbeats of 1 to 1000 profiles, of any of the caller's apps. Each has a result of its own.
     * Errors of an item are in its result. They are the errors that Heartbeat returns.
     * </pre>
     */
    public com.appprofile.v1.BatchHeartbeatResponse batchHeartbeat(com.appprofile.v1.BatchHeartbeatRequest request) {
      return io.grpc.stub.ClientCalls.blockingUnaryCall(
          getChannel(), getBatchHeartbeatMethod(), getCallOptions(), request);
    }

    /**
     * <pre>
     * Patches a profile. Errors: INVALID_ARGUMENT (UNKNOWN_FIELD, INVALID_ATTRIBUTE, CHANNEL_NOT_ENABLED,
     * PLACEHOLDER_TOKEN), NOT_FOUND (REREGISTER_REQUIRED, with the cause), FAILED_PRECONDITION (PROFILE_UNREGISTERED,
     * OUT_OF_ORDER), ABORTED (ETAG_MISMATCH).
     * </pre>
     */
    public com.appprofile.v1.UpdateProfileDataResponse updateProfileData(com.appprofile.v1.UpdateProfileDataRequest request) {
      return io.grpc.stub.ClientCalls.blockingUnaryCall(
          getChannel(), getUpdateProfileDataMethod(), getCallOptions(), request);
    }

    /**
     * <pre>
     * Signs the user out of the device: the profile becomes UNREGISTERED, loses its push endpoints and is purged after the
     * app's retention. Repeating it succeeds. Errors: NOT_FOUND (PROFILE_NOT_FOUND) unless `allow_missing`, FAILED_PRECONDITION
     * (OUT_OF_ORDER).
     * </pre>
     */
    public com.appprofile.v1.UnregisterResponse unregister(com.appprofile.v1.UnregisterRequest request) {
      return io.grpc.stub.ClientCalls.blockingUnaryCall(
          getChannel(), getUnregisterMethod(), getCallOptions(), request);
    }

    /**
     * <pre>
     * Deletes profiles at once and irreversibly. Errors: NOT_FOUND (PROFILE_NOT_FOUND) unless `allow_missing`.
     * </pre>
     */
    public com.appprofile.v1.DeleteDeviceProfileResponse deleteDeviceProfile(com.appprofile.v1.DeleteDeviceProfileRequest request) {
      return io.grpc.stub.ClientCalls.blockingUnaryCall(
          getChannel(), getDeleteDeviceProfileMethod(), getCallOptions(), request);
    }

    /**
     * <pre>
     * Processes 1 to 1000 responses of push providers and removes the tokens that they prove dead. Each item has a result
     * of its own. An item has an effect only if its evidence is newer than the token's last confirmation: late feedback
     * never harms a live registration.
     * </pre>
     */
    public com.appprofile.v1.ReportPushFeedbackResponse reportPushFeedback(com.appprofile.v1.ReportPushFeedbackRequest request) {
      return io.grpc.stub.ClientCalls.blockingUnaryCall(
          getChannel(), getReportPushFeedbackMethod(), getCallOptions(), request);
    }

    /**
     * <pre>
     * Applies one account-removal report: removes the profile that matches the account and holds a reported token, unless it
     * was registered after the report. The HTTP bridge calls this method. Errors: INVALID_ARGUMENT (PLACEHOLDER_TOKEN:
     * every reported token is a placeholder), FAILED_PRECONDITION (OUT_OF_ORDER).
     * </pre>
     */
    public com.appprofile.v1.RemoveAccountResponse removeAccount(com.appprofile.v1.RemoveAccountRequest request) {
      return io.grpc.stub.ClientCalls.blockingUnaryCall(
          getChannel(), getRemoveAccountMethod(), getCallOptions(), request);
    }

    /**
     * <pre>
     * Reads one profile. Errors: NOT_FOUND (PROFILE_NOT_FOUND).
     * </pre>
     */
    public com.appprofile.v1.GetProfileResponse getProfile(com.appprofile.v1.GetProfileRequest request) {
      return io.grpc.stub.ClientCalls.blockingUnaryCall(
          getChannel(), getGetProfileMethod(), getCallOptions(), request);
    }

    /**
     * <pre>
     * Lists profiles of an app, ordered by user and device. Errors: INVALID_ARGUMENT (INVALID_PAGE_TOKEN,
     * INVALID_FILTER).
     * </pre>
     */
    public com.appprofile.v1.ListProfilesResponse listProfiles(com.appprofile.v1.ListProfilesRequest request) {
      return io.grpc.stub.ClientCalls.blockingUnaryCall(
          getChannel(), getListProfilesMethod(), getCallOptions(), request);
    }

    /**
     * <pre>
     * Streams the profiles that a message can reach, each once, in order of user and device, with their push endpoints. A
     * profile is judged as it is when it is read. Each message carries a token; after an interruption, resume with the
     * last one. The service ends a long stream from time to time (UNAVAILABLE: STREAM_AGED, DRAINING). The end of the
     * stream (OK) means that everything was sent.
     * Errors: INVALID_ARGUMENT (INVALID_FILTER, INVALID_RESUME_TOKEN), RESOURCE_EXHAUSTED (TOO_MANY_STREAMS).
     * </pre>
     */
    public java.util.Iterator<com.appprofile.v1.ResolveRecipientsResponse> resolveRecipients(
        com.appprofile.v1.ResolveRecipientsRequest request) {
      return io.grpc.stub.ClientCalls.blockingServerStreamingCall(
          getChannel(), getResolveRecipientsMethod(), getCallOptions(), request);
    }

    /**
     * <pre>
     * Counts the recipients that ResolveRecipients would stream now, exactly. Takes time in proportion to their number: some
     * seconds for a million. Errors: INVALID_ARGUMENT (INVALID_FILTER).
     * </pre>
     */
    public com.appprofile.v1.CountRecipientsResponse countRecipients(com.appprofile.v1.CountRecipientsRequest request) {
      return io.grpc.stub.ClientCalls.blockingUnaryCall(
          getChannel(), getCountRecipientsMethod(), getCallOptions(), request);
    }

    /**
     * <pre>
     * Says for each profile of a user or a customer whether a message would reach it, and every reason if not.
     * </pre>
     */
    public com.appprofile.v1.ExplainReachResponse explainReach(com.appprofile.v1.ExplainReachRequest request) {
      return io.grpc.stub.ClientCalls.blockingUnaryCall(
          getChannel(), getExplainReachMethod(), getCallOptions(), request);
    }

    /**
     * <pre>
     * Streams the events of one app, several, or every app of the key's tenant (also of apps that are created later), in
     * order of position: after a token, from now on, or from the oldest that is kept. Each message carries a token; a
     * caller that resumes with the last one misses no event and gets none twice. After a second without events comes a
     * checkpoint, a message with a token alone. The service ends a stream from time to time (UNAVAILABLE: STREAM_AGED,
     * DRAINING); resume with the last token.
     * Errors: OUT_OF_RANGE (RESUME_TOKEN_EXPIRED), INVALID_ARGUMENT (INVALID_RESUME_TOKEN, INVALID_FILTER),
     * RESOURCE_EXHAUSTED (TOO_MANY_STREAMS).
     * </pre>
     */
    public java.util.Iterator<com.appprofile.v1.WatchProfilesResponse> watchProfiles(
        com.appprofile.v1.WatchProfilesRequest request) {
      return io.grpc.stub.ClientCalls.blockingServerStreamingCall(
          getChannel(), getWatchProfilesMethod(), getCallOptions(), request);
    }

    /**
     * <pre>
     * Streams the profiles of an app, each once, in order of user and device, with everything that is stored, push tokens
     * included. Each message carries a token; after an interruption, resume with the last one. The service ends a long
     * stream from time to time (UNAVAILABLE: STREAM_AGED, DRAINING). The end of the stream (OK) means that everything was
     * sent.
     * Errors: INVALID_ARGUMENT (INVALID_FILTER, INVALID_RESUME_TOKEN), RESOURCE_EXHAUSTED (TOO_MANY_STREAMS).
     * </pre>
     */
    public java.util.Iterator<com.appprofile.v1.ExportProfilesResponse> exportProfiles(
        com.appprofile.v1.ExportProfilesRequest request) {
      return io.grpc.stub.ClientCalls.blockingServerStreamingCall(
          getChannel(), getExportProfilesMethod(), getCallOptions(), request);
    }

    /**
     * <pre>
     * Erases a user of the app: the profiles on every device, and the ids in events. Keyed hashes remain. An unknown user
     * is no error. If it is interrupted, repeat it. A report that waits in the spool of an HTTP bridge is applied later
     * and matches no profile.
     * </pre>
     */
    public com.appprofile.v1.EraseUserResponse eraseUser(com.appprofile.v1.EraseUserRequest request) {
      return io.grpc.stub.ClientCalls.blockingUnaryCall(
          getChannel(), getEraseUserMethod(), getCallOptions(), request);
    }
  }

  /**
   * A stub to allow clients to do ListenableFuture-style rpc calls to service ProfileService.
   * <pre>
   * The service for devices, gateways and internal services. Every method is safe to retry. A message may be up to 4 MiB.
   * The metadata of a call may be up to 8 KiB, counted as in HTTP/2: the name, the value and 32 bytes for each entry,
   * including gRPC's own entries. A call beyond either limit fails with RESOURCE_EXHAUSTED.
   * </pre>
   */
  public static final class ProfileServiceFutureStub
      extends io.grpc.stub.AbstractFutureStub<ProfileServiceFutureStub> {
    private ProfileServiceFutureStub(
        io.grpc.Channel channel, io.grpc.CallOptions callOptions) {
      super(channel, callOptions);
    }

    @java.lang.Override
    protected ProfileServiceFutureStub build(
        io.grpc.Channel channel, io.grpc.CallOptions callOptions) {
      return new ProfileServiceFutureStub(channel, callOptions);
    }

    /**
     * <pre>
     * Creates the profile, or registers it again. An absent field keeps its stored value; maps are merged. The newest
     * registration owns the device and its push tokens; the response lists every other profile that changed because of
     * it.
     * Errors: INVALID_ARGUMENT (CHANNEL_NOT_ENABLED, INVALID_ATTRIBUTE, PLACEHOLDER_TOKEN), FAILED_PRECONDITION
     * (OUT_OF_ORDER).
     * </pre>
     */
    public com.google.common.util.concurrent.ListenableFuture<com.appprofile.v1.RegisterResponse> register(
        com.appprofile.v1.RegisterRequest request) {
      return io.grpc.stub.ClientCalls.futureUnaryCall(
          getChannel().newCall(getRegisterMethod(), getCallOptions()), request);
    }

    /**
     * <pre>
     * Records that the installation is alive. Never creates a profile.
     * Errors: NOT_FOUND (REREGISTER_REQUIRED, with the cause), FAILED_PRECONDITION (PROFILE_UNREGISTERED).
     * </pre>
     */
    public com.google.common.util.concurrent.ListenableFuture<com.appprofile.v1.HeartbeatResponse> heartbeat(
        com.appprofile.v1.HeartbeatRequest request) {
      return io.grpc.stub.ClientCalls.futureUnaryCall(
          getChannel().newCall(getHeartbeatMethod(), getCallOptions()), request);
    }

    /**
     * <pre>
     * Records the heartbeats of 1 to 1000 profiles, of any of the caller's apps. Each has a result of its own.
     * Errors of an item are in its result. They are the errors that Heartbeat returns.
     * </pre>
     */
    public com.google.common.util.concurrent.ListenableFuture<com.appprofile.v1.BatchHeartbeatResponse> batchHeartbeat(
        com.appprofile.v1.BatchHeartbeatRequest request) {
      return io.grpc.stub.ClientCalls.futureUnaryCall(
          getChannel().newCall(getBatchHeartbeatMethod(), getCallOptions()), request);
    }

    /**
     * <pre>
     * Patches a profile. Errors: INVALID_ARGUMENT (UNKNOWN_FIELD, INVALID_ATTRIBUTE, CHANNEL_NOT_ENABLED,
     * PLACEHOLDER_TOKEN), NOT_FOUND (REREGISTER_REQUIRED, with the cause), FAILED_PRECONDITION (PROFILE_UNREGISTERED,
     * OUT_OF_ORDER), ABORTED (ETAG_MISMATCH).
     * </pre>
     */
    public com.google.common.util.concurrent.ListenableFuture<com.appprofile.v1.UpdateProfileDataResponse> updateProfileData(
        com.appprofile.v1.UpdateProfileDataRequest request) {
      return io.grpc.stub.ClientCalls.futureUnaryCall(
          getChannel().newCall(getUpdateProfileDataMethod(), getCallOptions()), request);
    }

    /**
     * <pre>
     * Signs the user out of the device: the profile becomes UNREGISTERED, loses its push endpoints and is purged after the
     * app's retention. Repeating it succeeds. Errors: NOT_FOUND (PROFILE_NOT_FOUND) unless `allow_missing`, FAILED_PRECONDITION
     * (OUT_OF_ORDER).
     * </pre>
     */
    public com.google.common.util.concurrent.ListenableFuture<com.appprofile.v1.UnregisterResponse> unregister(
        com.appprofile.v1.UnregisterRequest request) {
      return io.grpc.stub.ClientCalls.futureUnaryCall(
          getChannel().newCall(getUnregisterMethod(), getCallOptions()), request);
    }

    /**
     * <pre>
     * Deletes profiles at once and irreversibly. Errors: NOT_FOUND (PROFILE_NOT_FOUND) unless `allow_missing`.
     * </pre>
     */
    public com.google.common.util.concurrent.ListenableFuture<com.appprofile.v1.DeleteDeviceProfileResponse> deleteDeviceProfile(
        com.appprofile.v1.DeleteDeviceProfileRequest request) {
      return io.grpc.stub.ClientCalls.futureUnaryCall(
          getChannel().newCall(getDeleteDeviceProfileMethod(), getCallOptions()), request);
    }

    /**
     * <pre>
     * Processes 1 to 1000 responses of push providers and removes the tokens that they prove dead. Each item has a result
     * of its own. An item has an effect only if its evidence is newer than the token's last confirmation: late feedback
     * never harms a live registration.
     * </pre>
     */
    public com.google.common.util.concurrent.ListenableFuture<com.appprofile.v1.ReportPushFeedbackResponse> reportPushFeedback(
        com.appprofile.v1.ReportPushFeedbackRequest request) {
      return io.grpc.stub.ClientCalls.futureUnaryCall(
          getChannel().newCall(getReportPushFeedbackMethod(), getCallOptions()), request);
    }

    /**
     * <pre>
     * Applies one account-removal report: removes the profile that matches the account and holds a reported token, unless it
     * was registered after the report. The HTTP bridge calls this method. Errors: INVALID_ARGUMENT (PLACEHOLDER_TOKEN:
     * every reported token is a placeholder), FAILED_PRECONDITION (OUT_OF_ORDER).
     * </pre>
     */
    public com.google.common.util.concurrent.ListenableFuture<com.appprofile.v1.RemoveAccountResponse> removeAccount(
        com.appprofile.v1.RemoveAccountRequest request) {
      return io.grpc.stub.ClientCalls.futureUnaryCall(
          getChannel().newCall(getRemoveAccountMethod(), getCallOptions()), request);
    }

    /**
     * <pre>
     * Reads one profile. Errors: NOT_FOUND (PROFILE_NOT_FOUND).
     * </pre>
     */
    public com.google.common.util.concurrent.ListenableFuture<com.appprofile.v1.GetProfileResponse> getProfile(
        com.appprofile.v1.GetProfileRequest request) {
      return io.grpc.stub.ClientCalls.futureUnaryCall(
          getChannel().newCall(getGetProfileMethod(), getCallOptions()), request);
    }

    /**
     * <pre>
     * Lists profiles of an app, ordered by user and device. Errors: INVALID_ARGUMENT (INVALID_PAGE_TOKEN,
     * INVALID_FILTER).
     * </pre>
     */
    public com.google.common.util.concurrent.ListenableFuture<com.appprofile.v1.ListProfilesResponse> listProfiles(
        com.appprofile.v1.ListProfilesRequest request) {
      return io.grpc.stub.ClientCalls.futureUnaryCall(
          getChannel().newCall(getListProfilesMethod(), getCallOptions()), request);
    }

    /**
     * <pre>
     * Counts the recipients that ResolveRecipients would stream now, exactly. Takes time in proportion to their number: some
     * seconds for a million. Errors: INVALID_ARGUMENT (INVALID_FILTER).
     * </pre>
     */
    public com.google.common.util.concurrent.ListenableFuture<com.appprofile.v1.CountRecipientsResponse> countRecipients(
        com.appprofile.v1.CountRecipientsRequest request) {
      return io.grpc.stub.ClientCalls.futureUnaryCall(
          getChannel().newCall(getCountRecipientsMethod(), getCallOptions()), request);
    }

    /**
     * <pre>
     * Says for each profile of a user or a customer whether a message would reach it, and every reason if not.
     * </pre>
     */
    public com.google.common.util.concurrent.ListenableFuture<com.appprofile.v1.ExplainReachResponse> explainReach(
        com.appprofile.v1.ExplainReachRequest request) {
      return io.grpc.stub.ClientCalls.futureUnaryCall(
          getChannel().newCall(getExplainReachMethod(), getCallOptions()), request);
    }

    /**
     * <pre>
     * Erases a user of the app: the profiles on every device, and the ids in events. Keyed hashes remain. An unknown user
     * is no error. If it is interrupted, repeat it. A report that waits in the spool of an HTTP bridge is applied later
     * and matches no profile.
     * </pre>
     */
    public com.google.common.util.concurrent.ListenableFuture<com.appprofile.v1.EraseUserResponse> eraseUser(
        com.appprofile.v1.EraseUserRequest request) {
      return io.grpc.stub.ClientCalls.futureUnaryCall(
          getChannel().newCall(getEraseUserMethod(), getCallOptions()), request);
    }
  }

  private static final int METHODID_REGISTER = 0;
  private static final int METHODID_HEARTBEAT = 1;
  private static final int METHODID_BATCH_HEARTBEAT = 2;
  private static final int METHODID_UPDATE_PROFILE_DATA = 3;
  private static final int METHODID_UNREGISTER = 4;
  private static final int METHODID_DELETE_DEVICE_PROFILE = 5;
  private static final int METHODID_REPORT_PUSH_FEEDBACK = 6;
  private static final int METHODID_REMOVE_ACCOUNT = 7;
  private static final int METHODID_GET_PROFILE = 8;
  private static final int METHODID_LIST_PROFILES = 9;
  private static final int METHODID_RESOLVE_RECIPIENTS = 10;
  private static final int METHODID_COUNT_RECIPIENTS = 11;
  private static final int METHODID_EXPLAIN_REACH = 12;
  private static final int METHODID_WATCH_PROFILES = 13;
  private static final int METHODID_EXPORT_PROFILES = 14;
  private static final int METHODID_ERASE_USER = 15;
  private static final int METHODID_IMPORT_PROFILES = 16;

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
        case METHODID_REGISTER:
          serviceImpl.register((com.appprofile.v1.RegisterRequest) request,
              (io.grpc.stub.StreamObserver<com.appprofile.v1.RegisterResponse>) responseObserver);
          break;
        case METHODID_HEARTBEAT:
          serviceImpl.heartbeat((com.appprofile.v1.HeartbeatRequest) request,
              (io.grpc.stub.StreamObserver<com.appprofile.v1.HeartbeatResponse>) responseObserver);
          break;
        case METHODID_BATCH_HEARTBEAT:
          serviceImpl.batchHeartbeat((com.appprofile.v1.BatchHeartbeatRequest) request,
              (io.grpc.stub.StreamObserver<com.appprofile.v1.BatchHeartbeatResponse>) responseObserver);
          break;
        case METHODID_UPDATE_PROFILE_DATA:
          serviceImpl.updateProfileData((com.appprofile.v1.UpdateProfileDataRequest) request,
              (io.grpc.stub.StreamObserver<com.appprofile.v1.UpdateProfileDataResponse>) responseObserver);
          break;
        case METHODID_UNREGISTER:
          serviceImpl.unregister((com.appprofile.v1.UnregisterRequest) request,
              (io.grpc.stub.StreamObserver<com.appprofile.v1.UnregisterResponse>) responseObserver);
          break;
        case METHODID_DELETE_DEVICE_PROFILE:
          serviceImpl.deleteDeviceProfile((com.appprofile.v1.DeleteDeviceProfileRequest) request,
              (io.grpc.stub.StreamObserver<com.appprofile.v1.DeleteDeviceProfileResponse>) responseObserver);
          break;
        case METHODID_REPORT_PUSH_FEEDBACK:
          serviceImpl.reportPushFeedback((com.appprofile.v1.ReportPushFeedbackRequest) request,
              (io.grpc.stub.StreamObserver<com.appprofile.v1.ReportPushFeedbackResponse>) responseObserver);
          break;
        case METHODID_REMOVE_ACCOUNT:
          serviceImpl.removeAccount((com.appprofile.v1.RemoveAccountRequest) request,
              (io.grpc.stub.StreamObserver<com.appprofile.v1.RemoveAccountResponse>) responseObserver);
          break;
        case METHODID_GET_PROFILE:
          serviceImpl.getProfile((com.appprofile.v1.GetProfileRequest) request,
              (io.grpc.stub.StreamObserver<com.appprofile.v1.GetProfileResponse>) responseObserver);
          break;
        case METHODID_LIST_PROFILES:
          serviceImpl.listProfiles((com.appprofile.v1.ListProfilesRequest) request,
              (io.grpc.stub.StreamObserver<com.appprofile.v1.ListProfilesResponse>) responseObserver);
          break;
        case METHODID_RESOLVE_RECIPIENTS:
          serviceImpl.resolveRecipients((com.appprofile.v1.ResolveRecipientsRequest) request,
              (io.grpc.stub.StreamObserver<com.appprofile.v1.ResolveRecipientsResponse>) responseObserver);
          break;
        case METHODID_COUNT_RECIPIENTS:
          serviceImpl.countRecipients((com.appprofile.v1.CountRecipientsRequest) request,
              (io.grpc.stub.StreamObserver<com.appprofile.v1.CountRecipientsResponse>) responseObserver);
          break;
        case METHODID_EXPLAIN_REACH:
          serviceImpl.explainReach((com.appprofile.v1.ExplainReachRequest) request,
              (io.grpc.stub.StreamObserver<com.appprofile.v1.ExplainReachResponse>) responseObserver);
          break;
        case METHODID_WATCH_PROFILES:
          serviceImpl.watchProfiles((com.appprofile.v1.WatchProfilesRequest) request,
              (io.grpc.stub.StreamObserver<com.appprofile.v1.WatchProfilesResponse>) responseObserver);
          break;
        case METHODID_EXPORT_PROFILES:
          serviceImpl.exportProfiles((com.appprofile.v1.ExportProfilesRequest) request,
              (io.grpc.stub.StreamObserver<com.appprofile.v1.ExportProfilesResponse>) responseObserver);
          break;
        case METHODID_ERASE_USER:
          serviceImpl.eraseUser((com.appprofile.v1.EraseUserRequest) request,
              (io.grpc.stub.StreamObserver<com.appprofile.v1.EraseUserResponse>) responseObserver);
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
        case METHODID_IMPORT_PROFILES:
          return (io.grpc.stub.StreamObserver<Req>) serviceImpl.importProfiles(
              (io.grpc.stub.StreamObserver<com.appprofile.v1.ImportProfilesResponse>) responseObserver);
        default:
          throw new AssertionError();
      }
    }
  }

  public static final io.grpc.ServerServiceDefinition bindService(AsyncService service) {
    return io.grpc.ServerServiceDefinition.builder(getServiceDescriptor())
        .addMethod(
          getRegisterMethod(),
          io.grpc.stub.ServerCalls.asyncUnaryCall(
            new MethodHandlers<
              com.appprofile.v1.RegisterRequest,
              com.appprofile.v1.RegisterResponse>(
                service, METHODID_REGISTER)))
        .addMethod(
          getHeartbeatMethod(),
          io.grpc.stub.ServerCalls.asyncUnaryCall(
            new MethodHandlers<
              com.appprofile.v1.HeartbeatRequest,
              com.appprofile.v1.HeartbeatResponse>(
                service, METHODID_HEARTBEAT)))
        .addMethod(
          getBatchHeartbeatMethod(),
          io.grpc.stub.ServerCalls.asyncUnaryCall(
            new MethodHandlers<
              com.appprofile.v1.BatchHeartbeatRequest,
              com.appprofile.v1.BatchHeartbeatResponse>(
                service, METHODID_BATCH_HEARTBEAT)))
        .addMethod(
          getUpdateProfileDataMethod(),
          io.grpc.stub.ServerCalls.asyncUnaryCall(
            new MethodHandlers<
              com.appprofile.v1.UpdateProfileDataRequest,
              com.appprofile.v1.UpdateProfileDataResponse>(
                service, METHODID_UPDATE_PROFILE_DATA)))
        .addMethod(
          getUnregisterMethod(),
          io.grpc.stub.ServerCalls.asyncUnaryCall(
            new MethodHandlers<
              com.appprofile.v1.UnregisterRequest,
              com.appprofile.v1.UnregisterResponse>(
                service, METHODID_UNREGISTER)))
        .addMethod(
          getDeleteDeviceProfileMethod(),
          io.grpc.stub.ServerCalls.asyncUnaryCall(
            new MethodHandlers<
              com.appprofile.v1.DeleteDeviceProfileRequest,
              com.appprofile.v1.DeleteDeviceProfileResponse>(
                service, METHODID_DELETE_DEVICE_PROFILE)))
        .addMethod(
          getReportPushFeedbackMethod(),
          io.grpc.stub.ServerCalls.asyncUnaryCall(
            new MethodHandlers<
              com.appprofile.v1.ReportPushFeedbackRequest,
              com.appprofile.v1.ReportPushFeedbackResponse>(
                service, METHODID_REPORT_PUSH_FEEDBACK)))
        .addMethod(
          getRemoveAccountMethod(),
          io.grpc.stub.ServerCalls.asyncUnaryCall(
            new MethodHandlers<
              com.appprofile.v1.RemoveAccountRequest,
              com.appprofile.v1.RemoveAccountResponse>(
                service, METHODID_REMOVE_ACCOUNT)))
        .addMethod(
          getGetProfileMethod(),
          io.grpc.stub.ServerCalls.asyncUnaryCall(
            new MethodHandlers<
              com.appprofile.v1.GetProfileRequest,
              com.appprofile.v1.GetProfileResponse>(
                service, METHODID_GET_PROFILE)))
        .addMethod(
          getListProfilesMethod(),
          io.grpc.stub.ServerCalls.asyncUnaryCall(
            new MethodHandlers<
              com.appprofile.v1.ListProfilesRequest,
              com.appprofile.v1.ListProfilesResponse>(
                service, METHODID_LIST_PROFILES)))
        .addMethod(
          getResolveRecipientsMethod(),
          io.grpc.stub.ServerCalls.asyncServerStreamingCall(
            new MethodHandlers<
              com.appprofile.v1.ResolveRecipientsRequest,
              com.appprofile.v1.ResolveRecipientsResponse>(
                service, METHODID_RESOLVE_RECIPIENTS)))
        .addMethod(
          getCountRecipientsMethod(),
          io.grpc.stub.ServerCalls.asyncUnaryCall(
            new MethodHandlers<
              com.appprofile.v1.CountRecipientsRequest,
              com.appprofile.v1.CountRecipientsResponse>(
                service, METHODID_COUNT_RECIPIENTS)))
        .addMethod(
          getExplainReachMethod(),
          io.grpc.stub.ServerCalls.asyncUnaryCall(
            new MethodHandlers<
              com.appprofile.v1.ExplainReachRequest,
              com.appprofile.v1.ExplainReachResponse>(
                service, METHODID_EXPLAIN_REACH)))
        .addMethod(
          getWatchProfilesMethod(),
          io.grpc.stub.ServerCalls.asyncServerStreamingCall(
            new MethodHandlers<
              com.appprofile.v1.WatchProfilesRequest,
              com.appprofile.v1.WatchProfilesResponse>(
                service, METHODID_WATCH_PROFILES)))
        .addMethod(
          getImportProfilesMethod(),
          io.grpc.stub.ServerCalls.asyncBidiStreamingCall(
            new MethodHandlers<
              com.appprofile.v1.ImportProfilesRequest,
              com.appprofile.v1.ImportProfilesResponse>(
                service, METHODID_IMPORT_PROFILES)))
        .addMethod(
          getExportProfilesMethod(),
          io.grpc.stub.ServerCalls.asyncServerStreamingCall(
            new MethodHandlers<
              com.appprofile.v1.ExportProfilesRequest,
              com.appprofile.v1.ExportProfilesResponse>(
                service, METHODID_EXPORT_PROFILES)))
        .addMethod(
          getEraseUserMethod(),
          io.grpc.stub.ServerCalls.asyncUnaryCall(
            new MethodHandlers<
              com.appprofile.v1.EraseUserRequest,
              com.appprofile.v1.EraseUserResponse>(
                service, METHODID_ERASE_USER)))
        .build();
  }

  private static abstract class ProfileServiceBaseDescriptorSupplier
      implements io.grpc.protobuf.ProtoFileDescriptorSupplier, io.grpc.protobuf.ProtoServiceDescriptorSupplier {
    ProfileServiceBaseDescriptorSupplier() {}

    @java.lang.Override
    public com.google.protobuf.Descriptors.FileDescriptor getFileDescriptor() {
      return com.appprofile.v1.ProfileServiceProto.getDescriptor();
    }

    @java.lang.Override
    public com.google.protobuf.Descriptors.ServiceDescriptor getServiceDescriptor() {
      return getFileDescriptor().findServiceByName("ProfileService");
    }
  }

  private static final class ProfileServiceFileDescriptorSupplier
      extends ProfileServiceBaseDescriptorSupplier {
    ProfileServiceFileDescriptorSupplier() {}
  }

  private static final class ProfileServiceMethodDescriptorSupplier
      extends ProfileServiceBaseDescriptorSupplier
      implements io.grpc.protobuf.ProtoMethodDescriptorSupplier {
    private final java.lang.String methodName;

    ProfileServiceMethodDescriptorSupplier(java.lang.String methodName) {
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
      synchronized (ProfileServiceGrpc.class) {
        result = serviceDescriptor;
        if (result == null) {
          serviceDescriptor = result = io.grpc.ServiceDescriptor.newBuilder(SERVICE_NAME)
              .setSchemaDescriptor(new ProfileServiceFileDescriptorSupplier())
              .addMethod(getRegisterMethod())
              .addMethod(getHeartbeatMethod())
              .addMethod(getBatchHeartbeatMethod())
              .addMethod(getUpdateProfileDataMethod())
              .addMethod(getUnregisterMethod())
              .addMethod(getDeleteDeviceProfileMethod())
              .addMethod(getReportPushFeedbackMethod())
              .addMethod(getRemoveAccountMethod())
              .addMethod(getGetProfileMethod())
              .addMethod(getListProfilesMethod())
              .addMethod(getResolveRecipientsMethod())
              .addMethod(getCountRecipientsMethod())
              .addMethod(getExplainReachMethod())
              .addMethod(getWatchProfilesMethod())
              .addMethod(getImportProfilesMethod())
              .addMethod(getExportProfilesMethod())
              .addMethod(getEraseUserMethod())
              .build();
        }
      }
    }
    return result;
  }
}

package com.appprofile.v1;

import static io.grpc.MethodDescriptor.generateFullMethodName;

/**
 * <pre>
 * For internal services. Every method concerns the tenant of the key. A message may be up to 4 MiB. The metadata of a
 * call may be up to 8 KiB, counted as in HTTP/2: the name, the value and 32 bytes for each entry, including gRPC's own
 * entries. A call beyond either limit fails with RESOURCE_EXHAUSTED.
 * </pre>
 */
@io.grpc.stub.annotations.GrpcGenerated
public final class CustomerServiceGrpc {

  private CustomerServiceGrpc() {}

  public static final java.lang.String SERVICE_NAME = "appprofile.v1.CustomerService";

  // Static method descriptors that strictly reflect the proto.
  private static volatile io.grpc.MethodDescriptor<com.appprofile.v1.CreateCustomerRequest,
      com.appprofile.v1.CreateCustomerResponse> getCreateCustomerMethod;

  @io.grpc.stub.annotations.RpcMethod(
      fullMethodName = SERVICE_NAME + '/' + "CreateCustomer",
      requestType = com.appprofile.v1.CreateCustomerRequest.class,
      responseType = com.appprofile.v1.CreateCustomerResponse.class,
      methodType = io.grpc.MethodDescriptor.MethodType.UNARY)
  public static io.grpc.MethodDescriptor<com.appprofile.v1.CreateCustomerRequest,
      com.appprofile.v1.CreateCustomerResponse> getCreateCustomerMethod() {
    io.grpc.MethodDescriptor<com.appprofile.v1.CreateCustomerRequest, com.appprofile.v1.CreateCustomerResponse> getCreateCustomerMethod;
    if ((getCreateCustomerMethod = CustomerServiceGrpc.getCreateCustomerMethod) == null) {
      synchronized (CustomerServiceGrpc.class) {
        if ((getCreateCustomerMethod = CustomerServiceGrpc.getCreateCustomerMethod) == null) {
          CustomerServiceGrpc.getCreateCustomerMethod = getCreateCustomerMethod =
              io.grpc.MethodDescriptor.<com.appprofile.v1.CreateCustomerRequest, com.appprofile.v1.CreateCustomerResponse>newBuilder()
              .setType(io.grpc.MethodDescriptor.MethodType.UNARY)
              .setFullMethodName(generateFullMethodName(SERVICE_NAME, "CreateCustomer"))
              .setIdempotent(true)
              .setSampledToLocalTracing(true)
              .setRequestMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  com.appprofile.v1.CreateCustomerRequest.getDefaultInstance()))
              .setResponseMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  com.appprofile.v1.CreateCustomerResponse.getDefaultInstance()))
              .setSchemaDescriptor(new CustomerServiceMethodDescriptorSupplier("CreateCustomer"))
              .build();
        }
      }
    }
    return getCreateCustomerMethod;
  }

  private static volatile io.grpc.MethodDescriptor<com.appprofile.v1.GetCustomerRequest,
      com.appprofile.v1.GetCustomerResponse> getGetCustomerMethod;

  @io.grpc.stub.annotations.RpcMethod(
      fullMethodName = SERVICE_NAME + '/' + "GetCustomer",
      requestType = com.appprofile.v1.GetCustomerRequest.class,
      responseType = com.appprofile.v1.GetCustomerResponse.class,
      methodType = io.grpc.MethodDescriptor.MethodType.UNARY)
  public static io.grpc.MethodDescriptor<com.appprofile.v1.GetCustomerRequest,
      com.appprofile.v1.GetCustomerResponse> getGetCustomerMethod() {
    io.grpc.MethodDescriptor<com.appprofile.v1.GetCustomerRequest, com.appprofile.v1.GetCustomerResponse> getGetCustomerMethod;
    if ((getGetCustomerMethod = CustomerServiceGrpc.getGetCustomerMethod) == null) {
      synchronized (CustomerServiceGrpc.class) {
        if ((getGetCustomerMethod = CustomerServiceGrpc.getGetCustomerMethod) == null) {
          CustomerServiceGrpc.getGetCustomerMethod = getGetCustomerMethod =
              io.grpc.MethodDescriptor.<com.appprofile.v1.GetCustomerRequest, com.appprofile.v1.GetCustomerResponse>newBuilder()
              .setType(io.grpc.MethodDescriptor.MethodType.UNARY)
              .setFullMethodName(generateFullMethodName(SERVICE_NAME, "GetCustomer"))
              .setSafe(true)
              .setSampledToLocalTracing(true)
              .setRequestMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  com.appprofile.v1.GetCustomerRequest.getDefaultInstance()))
              .setResponseMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  com.appprofile.v1.GetCustomerResponse.getDefaultInstance()))
              .setSchemaDescriptor(new CustomerServiceMethodDescriptorSupplier("GetCustomer"))
              .build();
        }
      }
    }
    return getGetCustomerMethod;
  }

  private static volatile io.grpc.MethodDescriptor<com.appprofile.v1.UpdateCustomerRequest,
      com.appprofile.v1.UpdateCustomerResponse> getUpdateCustomerMethod;

  @io.grpc.stub.annotations.RpcMethod(
      fullMethodName = SERVICE_NAME + '/' + "UpdateCustomer",
      requestType = com.appprofile.v1.UpdateCustomerRequest.class,
      responseType = com.appprofile.v1.UpdateCustomerResponse.class,
      methodType = io.grpc.MethodDescriptor.MethodType.UNARY)
  public static io.grpc.MethodDescriptor<com.appprofile.v1.UpdateCustomerRequest,
      com.appprofile.v1.UpdateCustomerResponse> getUpdateCustomerMethod() {
    io.grpc.MethodDescriptor<com.appprofile.v1.UpdateCustomerRequest, com.appprofile.v1.UpdateCustomerResponse> getUpdateCustomerMethod;
    if ((getUpdateCustomerMethod = CustomerServiceGrpc.getUpdateCustomerMethod) == null) {
      synchronized (CustomerServiceGrpc.class) {
        if ((getUpdateCustomerMethod = CustomerServiceGrpc.getUpdateCustomerMethod) == null) {
          CustomerServiceGrpc.getUpdateCustomerMethod = getUpdateCustomerMethod =
              io.grpc.MethodDescriptor.<com.appprofile.v1.UpdateCustomerRequest, com.appprofile.v1.UpdateCustomerResponse>newBuilder()
              .setType(io.grpc.MethodDescriptor.MethodType.UNARY)
              .setFullMethodName(generateFullMethodName(SERVICE_NAME, "UpdateCustomer"))
              .setIdempotent(true)
              .setSampledToLocalTracing(true)
              .setRequestMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  com.appprofile.v1.UpdateCustomerRequest.getDefaultInstance()))
              .setResponseMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  com.appprofile.v1.UpdateCustomerResponse.getDefaultInstance()))
              .setSchemaDescriptor(new CustomerServiceMethodDescriptorSupplier("UpdateCustomer"))
              .build();
        }
      }
    }
    return getUpdateCustomerMethod;
  }

  private static volatile io.grpc.MethodDescriptor<com.appprofile.v1.DeleteCustomerRequest,
      com.appprofile.v1.DeleteCustomerResponse> getDeleteCustomerMethod;

  @io.grpc.stub.annotations.RpcMethod(
      fullMethodName = SERVICE_NAME + '/' + "DeleteCustomer",
      requestType = com.appprofile.v1.DeleteCustomerRequest.class,
      responseType = com.appprofile.v1.DeleteCustomerResponse.class,
      methodType = io.grpc.MethodDescriptor.MethodType.UNARY)
  public static io.grpc.MethodDescriptor<com.appprofile.v1.DeleteCustomerRequest,
      com.appprofile.v1.DeleteCustomerResponse> getDeleteCustomerMethod() {
    io.grpc.MethodDescriptor<com.appprofile.v1.DeleteCustomerRequest, com.appprofile.v1.DeleteCustomerResponse> getDeleteCustomerMethod;
    if ((getDeleteCustomerMethod = CustomerServiceGrpc.getDeleteCustomerMethod) == null) {
      synchronized (CustomerServiceGrpc.class) {
        if ((getDeleteCustomerMethod = CustomerServiceGrpc.getDeleteCustomerMethod) == null) {
          CustomerServiceGrpc.getDeleteCustomerMethod = getDeleteCustomerMethod =
              io.grpc.MethodDescriptor.<com.appprofile.v1.DeleteCustomerRequest, com.appprofile.v1.DeleteCustomerResponse>newBuilder()
              .setType(io.grpc.MethodDescriptor.MethodType.UNARY)
              .setFullMethodName(generateFullMethodName(SERVICE_NAME, "DeleteCustomer"))
              .setIdempotent(true)
              .setSampledToLocalTracing(true)
              .setRequestMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  com.appprofile.v1.DeleteCustomerRequest.getDefaultInstance()))
              .setResponseMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  com.appprofile.v1.DeleteCustomerResponse.getDefaultInstance()))
              .setSchemaDescriptor(new CustomerServiceMethodDescriptorSupplier("DeleteCustomer"))
              .build();
        }
      }
    }
    return getDeleteCustomerMethod;
  }

  private static volatile io.grpc.MethodDescriptor<com.appprofile.v1.ListCustomersRequest,
      com.appprofile.v1.ListCustomersResponse> getListCustomersMethod;

  @io.grpc.stub.annotations.RpcMethod(
      fullMethodName = SERVICE_NAME + '/' + "ListCustomers",
      requestType = com.appprofile.v1.ListCustomersRequest.class,
      responseType = com.appprofile.v1.ListCustomersResponse.class,
      methodType = io.grpc.MethodDescriptor.MethodType.UNARY)
  public static io.grpc.MethodDescriptor<com.appprofile.v1.ListCustomersRequest,
      com.appprofile.v1.ListCustomersResponse> getListCustomersMethod() {
    io.grpc.MethodDescriptor<com.appprofile.v1.ListCustomersRequest, com.appprofile.v1.ListCustomersResponse> getListCustomersMethod;
    if ((getListCustomersMethod = CustomerServiceGrpc.getListCustomersMethod) == null) {
      synchronized (CustomerServiceGrpc.class) {
        if ((getListCustomersMethod = CustomerServiceGrpc.getListCustomersMethod) == null) {
          CustomerServiceGrpc.getListCustomersMethod = getListCustomersMethod =
              io.grpc.MethodDescriptor.<com.appprofile.v1.ListCustomersRequest, com.appprofile.v1.ListCustomersResponse>newBuilder()
              .setType(io.grpc.MethodDescriptor.MethodType.UNARY)
              .setFullMethodName(generateFullMethodName(SERVICE_NAME, "ListCustomers"))
              .setSafe(true)
              .setSampledToLocalTracing(true)
              .setRequestMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  com.appprofile.v1.ListCustomersRequest.getDefaultInstance()))
              .setResponseMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  com.appprofile.v1.ListCustomersResponse.getDefaultInstance()))
              .setSchemaDescriptor(new CustomerServiceMethodDescriptorSupplier("ListCustomers"))
              .build();
        }
      }
    }
    return getListCustomersMethod;
  }

  private static volatile io.grpc.MethodDescriptor<com.appprofile.v1.MergeCustomersRequest,
      com.appprofile.v1.MergeCustomersResponse> getMergeCustomersMethod;

  @io.grpc.stub.annotations.RpcMethod(
      fullMethodName = SERVICE_NAME + '/' + "MergeCustomers",
      requestType = com.appprofile.v1.MergeCustomersRequest.class,
      responseType = com.appprofile.v1.MergeCustomersResponse.class,
      methodType = io.grpc.MethodDescriptor.MethodType.UNARY)
  public static io.grpc.MethodDescriptor<com.appprofile.v1.MergeCustomersRequest,
      com.appprofile.v1.MergeCustomersResponse> getMergeCustomersMethod() {
    io.grpc.MethodDescriptor<com.appprofile.v1.MergeCustomersRequest, com.appprofile.v1.MergeCustomersResponse> getMergeCustomersMethod;
    if ((getMergeCustomersMethod = CustomerServiceGrpc.getMergeCustomersMethod) == null) {
      synchronized (CustomerServiceGrpc.class) {
        if ((getMergeCustomersMethod = CustomerServiceGrpc.getMergeCustomersMethod) == null) {
          CustomerServiceGrpc.getMergeCustomersMethod = getMergeCustomersMethod =
              io.grpc.MethodDescriptor.<com.appprofile.v1.MergeCustomersRequest, com.appprofile.v1.MergeCustomersResponse>newBuilder()
              .setType(io.grpc.MethodDescriptor.MethodType.UNARY)
              .setFullMethodName(generateFullMethodName(SERVICE_NAME, "MergeCustomers"))
              .setIdempotent(true)
              .setSampledToLocalTracing(true)
              .setRequestMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  com.appprofile.v1.MergeCustomersRequest.getDefaultInstance()))
              .setResponseMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  com.appprofile.v1.MergeCustomersResponse.getDefaultInstance()))
              .setSchemaDescriptor(new CustomerServiceMethodDescriptorSupplier("MergeCustomers"))
              .build();
        }
      }
    }
    return getMergeCustomersMethod;
  }

  private static volatile io.grpc.MethodDescriptor<com.appprofile.v1.EraseCustomerRequest,
      com.appprofile.v1.EraseCustomerResponse> getEraseCustomerMethod;

  @io.grpc.stub.annotations.RpcMethod(
      fullMethodName = SERVICE_NAME + '/' + "EraseCustomer",
      requestType = com.appprofile.v1.EraseCustomerRequest.class,
      responseType = com.appprofile.v1.EraseCustomerResponse.class,
      methodType = io.grpc.MethodDescriptor.MethodType.UNARY)
  public static io.grpc.MethodDescriptor<com.appprofile.v1.EraseCustomerRequest,
      com.appprofile.v1.EraseCustomerResponse> getEraseCustomerMethod() {
    io.grpc.MethodDescriptor<com.appprofile.v1.EraseCustomerRequest, com.appprofile.v1.EraseCustomerResponse> getEraseCustomerMethod;
    if ((getEraseCustomerMethod = CustomerServiceGrpc.getEraseCustomerMethod) == null) {
      synchronized (CustomerServiceGrpc.class) {
        if ((getEraseCustomerMethod = CustomerServiceGrpc.getEraseCustomerMethod) == null) {
          CustomerServiceGrpc.getEraseCustomerMethod = getEraseCustomerMethod =
              io.grpc.MethodDescriptor.<com.appprofile.v1.EraseCustomerRequest, com.appprofile.v1.EraseCustomerResponse>newBuilder()
              .setType(io.grpc.MethodDescriptor.MethodType.UNARY)
              .setFullMethodName(generateFullMethodName(SERVICE_NAME, "EraseCustomer"))
              .setIdempotent(true)
              .setSampledToLocalTracing(true)
              .setRequestMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  com.appprofile.v1.EraseCustomerRequest.getDefaultInstance()))
              .setResponseMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  com.appprofile.v1.EraseCustomerResponse.getDefaultInstance()))
              .setSchemaDescriptor(new CustomerServiceMethodDescriptorSupplier("EraseCustomer"))
              .build();
        }
      }
    }
    return getEraseCustomerMethod;
  }

  private static volatile io.grpc.MethodDescriptor<com.appprofile.v1.ExportPersonRequest,
      com.appprofile.v1.ExportPersonResponse> getExportPersonMethod;

  @io.grpc.stub.annotations.RpcMethod(
      fullMethodName = SERVICE_NAME + '/' + "ExportPerson",
      requestType = com.appprofile.v1.ExportPersonRequest.class,
      responseType = com.appprofile.v1.ExportPersonResponse.class,
      methodType = io.grpc.MethodDescriptor.MethodType.UNARY)
  public static io.grpc.MethodDescriptor<com.appprofile.v1.ExportPersonRequest,
      com.appprofile.v1.ExportPersonResponse> getExportPersonMethod() {
    io.grpc.MethodDescriptor<com.appprofile.v1.ExportPersonRequest, com.appprofile.v1.ExportPersonResponse> getExportPersonMethod;
    if ((getExportPersonMethod = CustomerServiceGrpc.getExportPersonMethod) == null) {
      synchronized (CustomerServiceGrpc.class) {
        if ((getExportPersonMethod = CustomerServiceGrpc.getExportPersonMethod) == null) {
          CustomerServiceGrpc.getExportPersonMethod = getExportPersonMethod =
              io.grpc.MethodDescriptor.<com.appprofile.v1.ExportPersonRequest, com.appprofile.v1.ExportPersonResponse>newBuilder()
              .setType(io.grpc.MethodDescriptor.MethodType.UNARY)
              .setFullMethodName(generateFullMethodName(SERVICE_NAME, "ExportPerson"))
              .setSafe(true)
              .setSampledToLocalTracing(true)
              .setRequestMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  com.appprofile.v1.ExportPersonRequest.getDefaultInstance()))
              .setResponseMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  com.appprofile.v1.ExportPersonResponse.getDefaultInstance()))
              .setSchemaDescriptor(new CustomerServiceMethodDescriptorSupplier("ExportPerson"))
              .build();
        }
      }
    }
    return getExportPersonMethod;
  }

  private static volatile io.grpc.MethodDescriptor<com.appprofile.v1.ImportCustomersRequest,
      com.appprofile.v1.ImportCustomersResponse> getImportCustomersMethod;

  @io.grpc.stub.annotations.RpcMethod(
      fullMethodName = SERVICE_NAME + '/' + "ImportCustomers",
      requestType = com.appprofile.v1.ImportCustomersRequest.class,
      responseType = com.appprofile.v1.ImportCustomersResponse.class,
      methodType = io.grpc.MethodDescriptor.MethodType.BIDI_STREAMING)
  public static io.grpc.MethodDescriptor<com.appprofile.v1.ImportCustomersRequest,
      com.appprofile.v1.ImportCustomersResponse> getImportCustomersMethod() {
    io.grpc.MethodDescriptor<com.appprofile.v1.ImportCustomersRequest, com.appprofile.v1.ImportCustomersResponse> getImportCustomersMethod;
    if ((getImportCustomersMethod = CustomerServiceGrpc.getImportCustomersMethod) == null) {
      synchronized (CustomerServiceGrpc.class) {
        if ((getImportCustomersMethod = CustomerServiceGrpc.getImportCustomersMethod) == null) {
          CustomerServiceGrpc.getImportCustomersMethod = getImportCustomersMethod =
              io.grpc.MethodDescriptor.<com.appprofile.v1.ImportCustomersRequest, com.appprofile.v1.ImportCustomersResponse>newBuilder()
              .setType(io.grpc.MethodDescriptor.MethodType.BIDI_STREAMING)
              .setFullMethodName(generateFullMethodName(SERVICE_NAME, "ImportCustomers"))
              .setIdempotent(true)
              .setSampledToLocalTracing(true)
              .setRequestMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  com.appprofile.v1.ImportCustomersRequest.getDefaultInstance()))
              .setResponseMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  com.appprofile.v1.ImportCustomersResponse.getDefaultInstance()))
              .setSchemaDescriptor(new CustomerServiceMethodDescriptorSupplier("ImportCustomers"))
              .build();
        }
      }
    }
    return getImportCustomersMethod;
  }

  private static volatile io.grpc.MethodDescriptor<com.appprofile.v1.ExportCustomersRequest,
      com.appprofile.v1.ExportCustomersResponse> getExportCustomersMethod;

  @io.grpc.stub.annotations.RpcMethod(
      fullMethodName = SERVICE_NAME + '/' + "ExportCustomers",
      requestType = com.appprofile.v1.ExportCustomersRequest.class,
      responseType = com.appprofile.v1.ExportCustomersResponse.class,
      methodType = io.grpc.MethodDescriptor.MethodType.SERVER_STREAMING)
  public static io.grpc.MethodDescriptor<com.appprofile.v1.ExportCustomersRequest,
      com.appprofile.v1.ExportCustomersResponse> getExportCustomersMethod() {
    io.grpc.MethodDescriptor<com.appprofile.v1.ExportCustomersRequest, com.appprofile.v1.ExportCustomersResponse> getExportCustomersMethod;
    if ((getExportCustomersMethod = CustomerServiceGrpc.getExportCustomersMethod) == null) {
      synchronized (CustomerServiceGrpc.class) {
        if ((getExportCustomersMethod = CustomerServiceGrpc.getExportCustomersMethod) == null) {
          CustomerServiceGrpc.getExportCustomersMethod = getExportCustomersMethod =
              io.grpc.MethodDescriptor.<com.appprofile.v1.ExportCustomersRequest, com.appprofile.v1.ExportCustomersResponse>newBuilder()
              .setType(io.grpc.MethodDescriptor.MethodType.SERVER_STREAMING)
              .setFullMethodName(generateFullMethodName(SERVICE_NAME, "ExportCustomers"))
              .setSafe(true)
              .setSampledToLocalTracing(true)
              .setRequestMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  com.appprofile.v1.ExportCustomersRequest.getDefaultInstance()))
              .setResponseMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  com.appprofile.v1.ExportCustomersResponse.getDefaultInstance()))
              .setSchemaDescriptor(new CustomerServiceMethodDescriptorSupplier("ExportCustomers"))
              .build();
        }
      }
    }
    return getExportCustomersMethod;
  }

  private static volatile io.grpc.MethodDescriptor<com.appprofile.v1.GetCustomerSchemaRequest,
      com.appprofile.v1.GetCustomerSchemaResponse> getGetCustomerSchemaMethod;

  @io.grpc.stub.annotations.RpcMethod(
      fullMethodName = SERVICE_NAME + '/' + "GetCustomerSchema",
      requestType = com.appprofile.v1.GetCustomerSchemaRequest.class,
      responseType = com.appprofile.v1.GetCustomerSchemaResponse.class,
      methodType = io.grpc.MethodDescriptor.MethodType.UNARY)
  public static io.grpc.MethodDescriptor<com.appprofile.v1.GetCustomerSchemaRequest,
      com.appprofile.v1.GetCustomerSchemaResponse> getGetCustomerSchemaMethod() {
    io.grpc.MethodDescriptor<com.appprofile.v1.GetCustomerSchemaRequest, com.appprofile.v1.GetCustomerSchemaResponse> getGetCustomerSchemaMethod;
    if ((getGetCustomerSchemaMethod = CustomerServiceGrpc.getGetCustomerSchemaMethod) == null) {
      synchronized (CustomerServiceGrpc.class) {
        if ((getGetCustomerSchemaMethod = CustomerServiceGrpc.getGetCustomerSchemaMethod) == null) {
          CustomerServiceGrpc.getGetCustomerSchemaMethod = getGetCustomerSchemaMethod =
              io.grpc.MethodDescriptor.<com.appprofile.v1.GetCustomerSchemaRequest, com.appprofile.v1.GetCustomerSchemaResponse>newBuilder()
              .setType(io.grpc.MethodDescriptor.MethodType.UNARY)
              .setFullMethodName(generateFullMethodName(SERVICE_NAME, "GetCustomerSchema"))
              .setSafe(true)
              .setSampledToLocalTracing(true)
              .setRequestMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  com.appprofile.v1.GetCustomerSchemaRequest.getDefaultInstance()))
              .setResponseMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  com.appprofile.v1.GetCustomerSchemaResponse.getDefaultInstance()))
              .setSchemaDescriptor(new CustomerServiceMethodDescriptorSupplier("GetCustomerSchema"))
              .build();
        }
      }
    }
    return getGetCustomerSchemaMethod;
  }

  private static volatile io.grpc.MethodDescriptor<com.appprofile.v1.UpdateCustomerSchemaRequest,
      com.appprofile.v1.UpdateCustomerSchemaResponse> getUpdateCustomerSchemaMethod;

  @io.grpc.stub.annotations.RpcMethod(
      fullMethodName = SERVICE_NAME + '/' + "UpdateCustomerSchema",
      requestType = com.appprofile.v1.UpdateCustomerSchemaRequest.class,
      responseType = com.appprofile.v1.UpdateCustomerSchemaResponse.class,
      methodType = io.grpc.MethodDescriptor.MethodType.UNARY)
  public static io.grpc.MethodDescriptor<com.appprofile.v1.UpdateCustomerSchemaRequest,
      com.appprofile.v1.UpdateCustomerSchemaResponse> getUpdateCustomerSchemaMethod() {
    io.grpc.MethodDescriptor<com.appprofile.v1.UpdateCustomerSchemaRequest, com.appprofile.v1.UpdateCustomerSchemaResponse> getUpdateCustomerSchemaMethod;
    if ((getUpdateCustomerSchemaMethod = CustomerServiceGrpc.getUpdateCustomerSchemaMethod) == null) {
      synchronized (CustomerServiceGrpc.class) {
        if ((getUpdateCustomerSchemaMethod = CustomerServiceGrpc.getUpdateCustomerSchemaMethod) == null) {
          CustomerServiceGrpc.getUpdateCustomerSchemaMethod = getUpdateCustomerSchemaMethod =
              io.grpc.MethodDescriptor.<com.appprofile.v1.UpdateCustomerSchemaRequest, com.appprofile.v1.UpdateCustomerSchemaResponse>newBuilder()
              .setType(io.grpc.MethodDescriptor.MethodType.UNARY)
              .setFullMethodName(generateFullMethodName(SERVICE_NAME, "UpdateCustomerSchema"))
              .setIdempotent(true)
              .setSampledToLocalTracing(true)
              .setRequestMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  com.appprofile.v1.UpdateCustomerSchemaRequest.getDefaultInstance()))
              .setResponseMarshaller(io.grpc.protobuf.ProtoUtils.marshaller(
                  com.appprofile.v1.UpdateCustomerSchemaResponse.getDefaultInstance()))
              .setSchemaDescriptor(new CustomerServiceMethodDescriptorSupplier("UpdateCustomerSchema"))
              .build();
        }
      }
    }
    return getUpdateCustomerSchemaMethod;
  }

  /**
   * Creates a new async stub that supports all call types for the service
   */
  public static CustomerServiceStub newStub(io.grpc.Channel channel) {
    io.grpc.stub.AbstractStub.StubFactory<CustomerServiceStub> factory =
      new io.grpc.stub.AbstractStub.StubFactory<CustomerServiceStub>() {
        @java.lang.Override
        public CustomerServiceStub newStub(io.grpc.Channel channel, io.grpc.CallOptions callOptions) {
          return new CustomerServiceStub(channel, callOptions);
        }
      };
    return CustomerServiceStub.newStub(factory, channel);
  }

  /**
   * Creates a new blocking-style stub that supports all types of calls on the service
   */
  public static CustomerServiceBlockingV2Stub newBlockingV2Stub(
      io.grpc.Channel channel) {
    io.grpc.stub.AbstractStub.StubFactory<CustomerServiceBlockingV2Stub> factory =
      new io.grpc.stub.AbstractStub.StubFactory<CustomerServiceBlockingV2Stub>() {
        @java.lang.Override
        public CustomerServiceBlockingV2Stub newStub(io.grpc.Channel channel, io.grpc.CallOptions callOptions) {
          return new CustomerServiceBlockingV2Stub(channel, callOptions);
        }
      };
    return CustomerServiceBlockingV2Stub.newStub(factory, channel);
  }

  /**
   * Creates a new blocking-style stub that supports unary and streaming output calls on the service
   */
  public static CustomerServiceBlockingStub newBlockingStub(
      io.grpc.Channel channel) {
    io.grpc.stub.AbstractStub.StubFactory<CustomerServiceBlockingStub> factory =
      new io.grpc.stub.AbstractStub.StubFactory<CustomerServiceBlockingStub>() {
        @java.lang.Override
        public CustomerServiceBlockingStub newStub(io.grpc.Channel channel, io.grpc.CallOptions callOptions) {
          return new CustomerServiceBlockingStub(channel, callOptions);
        }
      };
    return CustomerServiceBlockingStub.newStub(factory, channel);
  }

  /**
   * Creates a new ListenableFuture-style stub that supports unary calls on the service
   */
  public static CustomerServiceFutureStub newFutureStub(
      io.grpc.Channel channel) {
    io.grpc.stub.AbstractStub.StubFactory<CustomerServiceFutureStub> factory =
      new io.grpc.stub.AbstractStub.StubFactory<CustomerServiceFutureStub>() {
        @java.lang.Override
        public CustomerServiceFutureStub newStub(io.grpc.Channel channel, io.grpc.CallOptions callOptions) {
          return new CustomerServiceFutureStub(channel, callOptions);
        }
      };
    return CustomerServiceFutureStub.newStub(factory, channel);
  }

  /**
   * <pre>
   * For internal services. Every method concerns the tenant of the key. A message may be up to 4 MiB. The metadata of a
   * call may be up to 8 KiB, counted as in HTTP/2: the name, the value and 32 bytes for each entry, including gRPC's own
   * entries. A call beyond either limit fails with RESOURCE_EXHAUSTED.
   * </pre>
   */
  public interface AsyncService {

    /**
     * <pre>
     * Creates a customer. A repeated call with the same content returns the stored one. Profiles that already name its id
     * are linked with it. Errors: ALREADY_EXISTS (CUSTOMER_ALREADY_EXISTS), INVALID_ARGUMENT (INVALID_ATTRIBUTE),
     * FAILED_PRECONDITION (CUSTOMER_MERGED).
     * </pre>
     */
    default void createCustomer(com.appprofile.v1.CreateCustomerRequest request,
        io.grpc.stub.StreamObserver<com.appprofile.v1.CreateCustomerResponse> responseObserver) {
      io.grpc.stub.ServerCalls.asyncUnimplementedUnaryCall(getCreateCustomerMethod(), responseObserver);
    }

    /**
     * <pre>
     * Reads a customer, with its linked profiles if asked for. Errors: NOT_FOUND (CUSTOMER_NOT_FOUND), FAILED_PRECONDITION
     * (CUSTOMER_MERGED).
     * </pre>
     */
    default void getCustomer(com.appprofile.v1.GetCustomerRequest request,
        io.grpc.stub.StreamObserver<com.appprofile.v1.GetCustomerResponse> responseObserver) {
      io.grpc.stub.ServerCalls.asyncUnimplementedUnaryCall(getGetCustomerMethod(), responseObserver);
    }

    /**
     * <pre>
     * Changes a customer; with `allow_missing` creates it if it is missing. Errors: NOT_FOUND (CUSTOMER_NOT_FOUND),
     * INVALID_ARGUMENT (UNKNOWN_FIELD, INVALID_ATTRIBUTE), FAILED_PRECONDITION (CUSTOMER_MERGED), ABORTED (ETAG_MISMATCH).
     * </pre>
     */
    default void updateCustomer(com.appprofile.v1.UpdateCustomerRequest request,
        io.grpc.stub.StreamObserver<com.appprofile.v1.UpdateCustomerResponse> responseObserver) {
      io.grpc.stub.ServerCalls.asyncUnimplementedUnaryCall(getUpdateCustomerMethod(), responseObserver);
    }

    /**
     * <pre>
     * Unlinks the customer's profiles in every app of the tenant, then deletes the customer. The profiles are kept. If it is
     * interrupted, repeat it. Errors: NOT_FOUND (CUSTOMER_NOT_FOUND) unless `allow_missing`, FAILED_PRECONDITION (CUSTOMER_MERGED).
     * </pre>
     */
    default void deleteCustomer(com.appprofile.v1.DeleteCustomerRequest request,
        io.grpc.stub.StreamObserver<com.appprofile.v1.DeleteCustomerResponse> responseObserver) {
      io.grpc.stub.ServerCalls.asyncUnimplementedUnaryCall(getDeleteCustomerMethod(), responseObserver);
    }

    /**
     * <pre>
     * Lists the tenant's customers, or those with an e-mail address or phone number, ordered by id.
     * Errors: INVALID_ARGUMENT (INVALID_PAGE_TOKEN).
     * </pre>
     */
    default void listCustomers(com.appprofile.v1.ListCustomersRequest request,
        io.grpc.stub.StreamObserver<com.appprofile.v1.ListCustomersResponse> responseObserver) {
      io.grpc.stub.ServerCalls.asyncUnimplementedUnaryCall(getListCustomersMethod(), responseObserver);
    }

    /**
     * <pre>
     * Merges a customer into another one. The target's values win, the source fills what the target lacks, the links of the source's
     * profiles move, and the source is deleted: for 90 days its id answers CUSTOMER_MERGED. Complete when the call returns; a
     * repeated call completes an interrupted one. Errors: NOT_FOUND (CUSTOMER_NOT_FOUND), FAILED_PRECONDITION (CUSTOMER_MERGED).
     * </pre>
     */
    default void mergeCustomers(com.appprofile.v1.MergeCustomersRequest request,
        io.grpc.stub.StreamObserver<com.appprofile.v1.MergeCustomersResponse> responseObserver) {
      io.grpc.stub.ServerCalls.asyncUnimplementedUnaryCall(getMergeCustomersMethod(), responseObserver);
    }

    /**
     * <pre>
     * Erases a person: the customer, the linked profiles in every app of the tenant, and the ids in events. Keyed hashes
     * remain. An unknown id is no error. If it is interrupted, repeat it. A report that waits in the spool of an HTTP
     * bridge is applied later and matches no profile.
     * </pre>
     */
    default void eraseCustomer(com.appprofile.v1.EraseCustomerRequest request,
        io.grpc.stub.StreamObserver<com.appprofile.v1.EraseCustomerResponse> responseObserver) {
      io.grpc.stub.ServerCalls.asyncUnimplementedUnaryCall(getEraseCustomerMethod(), responseObserver);
    }

    /**
     * <pre>
     * Returns everything that is stored about a person as one JSON document, with push tokens masked to their last 6
     * characters.
     * Errors: NOT_FOUND (CUSTOMER_NOT_FOUND, PROFILE_NOT_FOUND: nothing is stored).
     * </pre>
     */
    default void exportPerson(com.appprofile.v1.ExportPersonRequest request,
        io.grpc.stub.StreamObserver<com.appprofile.v1.ExportPersonResponse> responseObserver) {
      io.grpc.stub.ServerCalls.asyncUnimplementedUnaryCall(getExportPersonMethod(), responseObserver);
    }

    /**
     * <pre>
     * Imports customers: creates those that are missing; of the others, the values of the record replace the stored ones,
     * and values that the record lacks are kept. Each request is answered by one response, in order. A record that is
     * refused is named in it; the others are imported. After an interruption, continue after the last acknowledged
     * record; a part that is repeated changes nothing. The service ends a long stream from time to time (UNAVAILABLE:
     * STREAM_AGED, DRAINING); continue in the same way.
     * Errors: RESOURCE_EXHAUSTED (TOO_MANY_STREAMS). Errors of a record are in its response: INVALID_REQUEST,
     * INVALID_ATTRIBUTE, CUSTOMER_MERGED, DATA_REFUSED, CONFLICT.
     * </pre>
     */
    default io.grpc.stub.StreamObserver<com.appprofile.v1.ImportCustomersRequest> importCustomers(
        io.grpc.stub.StreamObserver<com.appprofile.v1.ImportCustomersResponse> responseObserver) {
      return io.grpc.stub.ServerCalls.asyncUnimplementedStreamingCall(getImportCustomersMethod(), responseObserver);
    }

    /**
     * <pre>
     * Streams the tenant's customers, each once, ordered by id. Each message carries a token; after an interruption,
     * resume with the last one. The service ends a long stream from time to time (UNAVAILABLE: STREAM_AGED, DRAINING).
     * The end of the stream (OK) means that everything was sent.
     * Errors: INVALID_ARGUMENT (INVALID_RESUME_TOKEN), RESOURCE_EXHAUSTED (TOO_MANY_STREAMS).
     * </pre>
     */
    default void exportCustomers(com.appprofile.v1.ExportCustomersRequest request,
        io.grpc.stub.StreamObserver<com.appprofile.v1.ExportCustomersResponse> responseObserver) {
      io.grpc.stub.ServerCalls.asyncUnimplementedUnaryCall(getExportCustomersMethod(), responseObserver);
    }

    /**
     * <pre>
     * Reads the schema of the tenant's customers. A tenant that never set one has version 0 and no attributes.
     * </pre>
     */
    default void getCustomerSchema(com.appprofile.v1.GetCustomerSchemaRequest request,
        io.grpc.stub.StreamObserver<com.appprofile.v1.GetCustomerSchemaResponse> responseObserver) {
      io.grpc.stub.ServerCalls.asyncUnimplementedUnaryCall(getGetCustomerSchemaMethod(), responseObserver);
    }

    /**
     * <pre>
     * Replaces the schema of the tenant's customers. A change that stored customers do not fit is refused, unless `drop_values`
     * is set. Errors: FAILED_PRECONDITION (SCHEMA_CONFLICT, with the number of customers), INVALID_ARGUMENT (INVALID_REQUEST),
     * ABORTED (ETAG_MISMATCH, CONFLICT).
     * </pre>
     */
    default void updateCustomerSchema(com.appprofile.v1.UpdateCustomerSchemaRequest request,
        io.grpc.stub.StreamObserver<com.appprofile.v1.UpdateCustomerSchemaResponse> responseObserver) {
      io.grpc.stub.ServerCalls.asyncUnimplementedUnaryCall(getUpdateCustomerSchemaMethod(), responseObserver);
    }
  }

  /**
   * Base class for the server implementation of the service CustomerService.
   * <pre>
   * For internal services. Every method concerns the tenant of the key. A message may be up to 4 MiB. The metadata of a
   * call may be up to 8 KiB, counted as in HTTP/2: the name, the value and 32 bytes for each entry, including gRPC's own
   * entries. A call beyond either limit fails with RESOURCE_EXHAUSTED.
   * </pre>
   */
  public static abstract class CustomerServiceImplBase
      implements io.grpc.BindableService, AsyncService {

    @java.lang.Override public final io.grpc.ServerServiceDefinition bindService() {
      return CustomerServiceGrpc.bindService(this);
    }
  }

  /**
   * A stub to allow clients to do asynchronous rpc calls to service CustomerService.
   * <pre>
   * For internal services. Every method concerns the tenant of the key. A message may be up to 4 MiB. The metadata of a
   * call may be up to 8 KiB, counted as in HTTP/2: the name, the value and 32 bytes for each entry, including gRPC's own
   * entries. A call beyond either limit fails with RESOURCE_EXHAUSTED.
   * </pre>
   */
  public static final class CustomerServiceStub
      extends io.grpc.stub.AbstractAsyncStub<CustomerServiceStub> {
    private CustomerServiceStub(
        io.grpc.Channel channel, io.grpc.CallOptions callOptions) {
      super(channel, callOptions);
    }

    @java.lang.Override
    protected CustomerServiceStub build(
        io.grpc.Channel channel, io.grpc.CallOptions callOptions) {
      return new CustomerServiceStub(channel, callOptions);
    }

    /**
     * <pre>
     * Creates a customer. A repeated call with the same content returns the stored one. Profiles that already name its id
     * are linked with it. Errors: ALREADY_EXISTS (CUSTOMER_ALREADY_EXISTS), INVALID_ARGUMENT (INVALID_ATTRIBUTE),
     * FAILED_PRECONDITION (CUSTOMER_MERGED).
     * </pre>
     */
    public void createCustomer(com.appprofile.v1.CreateCustomerRequest request,
        io.grpc.stub.StreamObserver<com.appprofile.v1.CreateCustomerResponse> responseObserver) {
      io.grpc.stub.ClientCalls.asyncUnaryCall(
          getChannel().newCall(getCreateCustomerMethod(), getCallOptions()), request, responseObserver);
    }

    /**
     * <pre>
     * Reads a customer, with its linked profiles if asked for. Errors: NOT_FOUND (CUSTOMER_NOT_FOUND), FAILED_PRECONDITION
     * (CUSTOMER_MERGED).
     * </pre>
     */
    public void getCustomer(com.appprofile.v1.GetCustomerRequest request,
        io.grpc.stub.StreamObserver<com.appprofile.v1.GetCustomerResponse> responseObserver) {
      io.grpc.stub.ClientCalls.asyncUnaryCall(
          getChannel().newCall(getGetCustomerMethod(), getCallOptions()), request, responseObserver);
    }

    /**
     * <pre>
     * Changes a customer; with `allow_missing` creates it if it is missing. Errors: NOT_FOUND (CUSTOMER_NOT_FOUND),
     * INVALID_ARGUMENT (UNKNOWN_FIELD, INVALID_ATTRIBUTE), FAILED_PRECONDITION (CUSTOMER_MERGED), ABORTED (ETAG_MISMATCH).
     * </pre>
     */
    public void updateCustomer(com.appprofile.v1.UpdateCustomerRequest request,
        io.grpc.stub.StreamObserver<com.appprofile.v1.UpdateCustomerResponse> responseObserver) {
      io.grpc.stub.ClientCalls.asyncUnaryCall(
          getChannel().newCall(getUpdateCustomerMethod(), getCallOptions()), request, responseObserver);
    }

    /**
     * <pre>
     * Unlinks the customer's profiles in every app of the tenant, then deletes the customer. The profiles are kept. If it is
     * interrupted, repeat it. Errors: NOT_FOUND (CUSTOMER_NOT_FOUND) unless `allow_missing`, FAILED_PRECONDITION (CUSTOMER_MERGED).
     * </pre>
     */
    public void deleteCustomer(com.appprofile.v1.DeleteCustomerRequest request,
        io.grpc.stub.StreamObserver<com.appprofile.v1.DeleteCustomerResponse> responseObserver) {
      io.grpc.stub.ClientCalls.asyncUnaryCall(
          getChannel().newCall(getDeleteCustomerMethod(), getCallOptions()), request, responseObserver);
    }

    /**
     * <pre>
     * Lists the tenant's customers, or those with an e-mail address or phone number, ordered by id.
     * Errors: INVALID_ARGUMENT (INVALID_PAGE_TOKEN).
     * </pre>
     */
    public void listCustomers(com.appprofile.v1.ListCustomersRequest request,
        io.grpc.stub.StreamObserver<com.appprofile.v1.ListCustomersResponse> responseObserver) {
      io.grpc.stub.ClientCalls.asyncUnaryCall(
          getChannel().newCall(getListCustomersMethod(), getCallOptions()), request, responseObserver);
    }

    /**
     * <pre>
     * Merges a customer into another one. The target's values win, the source fills what the target lacks, the links of the source's
     * profiles move, and the source is deleted: for 90 days its id answers CUSTOMER_MERGED. Complete when the call returns; a
     * repeated call completes an interrupted one. Errors: NOT_FOUND (CUSTOMER_NOT_FOUND), FAILED_PRECONDITION (CUSTOMER_MERGED).
     * </pre>
     */
    public void mergeCustomers(com.appprofile.v1.MergeCustomersRequest request,
        io.grpc.stub.StreamObserver<com.appprofile.v1.MergeCustomersResponse> responseObserver) {
      io.grpc.stub.ClientCalls.asyncUnaryCall(
          getChannel().newCall(getMergeCustomersMethod(), getCallOptions()), request, responseObserver);
    }

    /**
     * <pre>
     * Erases a person: the customer, the linked profiles in every app of the tenant, and the ids in events. Keyed hashes
     * remain. An unknown id is no error. If it is interrupted, repeat it. A report that waits in the spool of an HTTP
     * bridge is applied later and matches no profile.
     * </pre>
     */
    public void eraseCustomer(com.appprofile.v1.EraseCustomerRequest request,
        io.grpc.stub.StreamObserver<com.appprofile.v1.EraseCustomerResponse> responseObserver) {
      io.grpc.stub.ClientCalls.asyncUnaryCall(
          getChannel().newCall(getEraseCustomerMethod(), getCallOptions()), request, responseObserver);
    }

    /**
     * <pre>
     * Returns everything that is stored about a person as one JSON document, with push tokens masked to their last 6
     * characters.
     * Errors: NOT_FOUND (CUSTOMER_NOT_FOUND, PROFILE_NOT_FOUND: nothing is stored).
     * </pre>
     */
    public void exportPerson(com.appprofile.v1.ExportPersonRequest request,
        io.grpc.stub.StreamObserver<com.appprofile.v1.ExportPersonResponse> responseObserver) {
      io.grpc.stub.ClientCalls.asyncUnaryCall(
          getChannel().newCall(getExportPersonMethod(), getCallOptions()), request, responseObserver);
    }

    /**
     * <pre>
     * Imports customers: creates those that are missing; of the others, the values of the record replace the stored ones,
     * and values that the record lacks are kept. Each request is answered by one response, in order. A record that is
     * refused is named in it; the others are imported. After an interruption, continue after the last acknowledged
     * record; a part that is repeated changes nothing. The service ends a long stream from time to time (UNAVAILABLE:
     * STREAM_AGED, DRAINING); continue in the same way.
     * Errors: RESOURCE_EXHAUSTED (TOO_MANY_STREAMS). Errors of a record are in its response: INVALID_REQUEST,
     * INVALID_ATTRIBUTE, CUSTOMER_MERGED, DATA_REFUSED, CONFLICT.
     * </pre>
     */
    public io.grpc.stub.StreamObserver<com.appprofile.v1.ImportCustomersRequest> importCustomers(
        io.grpc.stub.StreamObserver<com.appprofile.v1.ImportCustomersResponse> responseObserver) {
      return io.grpc.stub.ClientCalls.asyncBidiStreamingCall(
          getChannel().newCall(getImportCustomersMethod(), getCallOptions()), responseObserver);
    }

    /**
     * <pre>
     * Streams the tenant's customers, each once, ordered by id. Each message carries a token; after an interruption,
     * resume with the last one. The service ends a long stream from time to time (UNAVAILABLE: STREAM_AGED, DRAINING).
     * The end of the stream (OK) means that everything was sent.
     * Errors: INVALID_ARGUMENT (INVALID_RESUME_TOKEN), RESOURCE_EXHAUSTED (TOO_MANY_STREAMS).
     * </pre>
     */
    public void exportCustomers(com.appprofile.v1.ExportCustomersRequest request,
        io.grpc.stub.StreamObserver<com.appprofile.v1.ExportCustomersResponse> responseObserver) {
      io.grpc.stub.ClientCalls.asyncServerStreamingCall(
          getChannel().newCall(getExportCustomersMethod(), getCallOptions()), request, responseObserver);
    }

    /**
     * <pre>
     * Reads the schema of the tenant's customers. A tenant that never set one has version 0 and no attributes.
     * </pre>
     */
    public void getCustomerSchema(com.appprofile.v1.GetCustomerSchemaRequest request,
        io.grpc.stub.StreamObserver<com.appprofile.v1.GetCustomerSchemaResponse> responseObserver) {
      io.grpc.stub.ClientCalls.asyncUnaryCall(
          getChannel().newCall(getGetCustomerSchemaMethod(), getCallOptions()), request, responseObserver);
    }

    /**
     * <pre>
     * Replaces the schema of the tenant's customers. A change that stored customers do not fit is refused, unless `drop_values`
     * is set. Errors: FAILED_PRECONDITION (SCHEMA_CONFLICT, with the number of customers), INVALID_ARGUMENT (INVALID_REQUEST),
     * ABORTED (ETAG_MISMATCH, CONFLICT).
     * </pre>
     */
    public void updateCustomerSchema(com.appprofile.v1.UpdateCustomerSchemaRequest request,
        io.grpc.stub.StreamObserver<com.appprofile.v1.UpdateCustomerSchemaResponse> responseObserver) {
      io.grpc.stub.ClientCalls.asyncUnaryCall(
          getChannel().newCall(getUpdateCustomerSchemaMethod(), getCallOptions()), request, responseObserver);
    }
  }

  /**
   * A stub to allow clients to do synchronous rpc calls to service CustomerService.
   * <pre>
   * For internal services. Every method concerns the tenant of the key. A message may be up to 4 MiB. The metadata of a
   * call may be up to 8 KiB, counted as in HTTP/2: the name, the value and 32 bytes for each entry, including gRPC's own
   * entries. A call beyond either limit fails with RESOURCE_EXHAUSTED.
   * </pre>
   */
  public static final class CustomerServiceBlockingV2Stub
      extends io.grpc.stub.AbstractBlockingStub<CustomerServiceBlockingV2Stub> {
    private CustomerServiceBlockingV2Stub(
        io.grpc.Channel channel, io.grpc.CallOptions callOptions) {
      super(channel, callOptions);
    }

    @java.lang.Override
    protected CustomerServiceBlockingV2Stub build(
        io.grpc.Channel channel, io.grpc.CallOptions callOptions) {
      return new CustomerServiceBlockingV2Stub(channel, callOptions);
    }

    /**
     * <pre>
     * Creates a customer. A repeated call with the same content returns the stored one. Profiles that already name its id
     * are linked with it. Errors: ALREADY_EXISTS (CUSTOMER_ALREADY_EXISTS), INVALID_ARGUMENT (INVALID_ATTRIBUTE),
     * FAILED_PRECONDITION (CUSTOMER_MERGED).
     * </pre>
     */
    public com.appprofile.v1.CreateCustomerResponse createCustomer(com.appprofile.v1.CreateCustomerRequest request) throws io.grpc.StatusException {
      return io.grpc.stub.ClientCalls.blockingV2UnaryCall(
          getChannel(), getCreateCustomerMethod(), getCallOptions(), request);
    }

    /**
     * <pre>
     * Reads a customer, with its linked profiles if asked for. Errors: NOT_FOUND (CUSTOMER_NOT_FOUND), FAILED_PRECONDITION
     * (CUSTOMER_MERGED).
     * </pre>
     */
    public com.appprofile.v1.GetCustomerResponse getCustomer(com.appprofile.v1.GetCustomerRequest request) throws io.grpc.StatusException {
      return io.grpc.stub.ClientCalls.blockingV2UnaryCall(
          getChannel(), getGetCustomerMethod(), getCallOptions(), request);
    }

    /**
     * <pre>
     * Changes a customer; with `allow_missing` creates it if it is missing. Errors: NOT_FOUND (CUSTOMER_NOT_FOUND),
     * INVALID_ARGUMENT (UNKNOWN_FIELD, INVALID_ATTRIBUTE), FAILED_PRECONDITION (CUSTOMER_MERGED), ABORTED (ETAG_MISMATCH).
     * </pre>
     */
    public com.appprofile.v1.UpdateCustomerResponse updateCustomer(com.appprofile.v1.UpdateCustomerRequest request) throws io.grpc.StatusException {
      return io.grpc.stub.ClientCalls.blockingV2UnaryCall(
          getChannel(), getUpdateCustomerMethod(), getCallOptions(), request);
    }

    /**
     * <pre>
     * Unlinks the customer's profiles in every app of the tenant, then deletes the customer. The profiles are kept. If it is
     * interrupted, repeat it. Errors: NOT_FOUND (CUSTOMER_NOT_FOUND) unless `allow_missing`, FAILED_PRECONDITION (CUSTOMER_MERGED).
     * </pre>
     */
    public com.appprofile.v1.DeleteCustomerResponse deleteCustomer(com.appprofile.v1.DeleteCustomerRequest request) throws io.grpc.StatusException {
      return io.grpc.stub.ClientCalls.blockingV2UnaryCall(
          getChannel(), getDeleteCustomerMethod(), getCallOptions(), request);
    }

    /**
     * <pre>
     * Lists the tenant's customers, or those with an e-mail address or phone number, ordered by id.
     * Errors: INVALID_ARGUMENT (INVALID_PAGE_TOKEN).
     * </pre>
     */
    public com.appprofile.v1.ListCustomersResponse listCustomers(com.appprofile.v1.ListCustomersRequest request) throws io.grpc.StatusException {
      return io.grpc.stub.ClientCalls.blockingV2UnaryCall(
          getChannel(), getListCustomersMethod(), getCallOptions(), request);
    }

    /**
     * <pre>
     * Merges a customer into another one. The target's values win, the source fills what the target lacks, the links of the source's
     * profiles move, and the source is deleted: for 90 days its id answers CUSTOMER_MERGED. Complete when the call returns; a
     * repeated call completes an interrupted one. Errors: NOT_FOUND (CUSTOMER_NOT_FOUND), FAILED_PRECONDITION (CUSTOMER_MERGED).
     * </pre>
     */
    public com.appprofile.v1.MergeCustomersResponse mergeCustomers(com.appprofile.v1.MergeCustomersRequest request) throws io.grpc.StatusException {
      return io.grpc.stub.ClientCalls.blockingV2UnaryCall(
          getChannel(), getMergeCustomersMethod(), getCallOptions(), request);
    }

    /**
     * <pre>
     * Erases a person: the customer, the linked profiles in every app of the tenant, and the ids in events. Keyed hashes
     * remain. An unknown id is no error. If it is interrupted, repeat it. A report that waits in the spool of an HTTP
     * bridge is applied later and matches no profile.
     * </pre>
     */
    public com.appprofile.v1.EraseCustomerResponse eraseCustomer(com.appprofile.v1.EraseCustomerRequest request) throws io.grpc.StatusException {
      return io.grpc.stub.ClientCalls.blockingV2UnaryCall(
          getChannel(), getEraseCustomerMethod(), getCallOptions(), request);
    }

    /**
     * <pre>
     * Returns everything that is stored about a person as one JSON document, with push tokens masked to their last 6
     * characters.
     * Errors: NOT_FOUND (CUSTOMER_NOT_FOUND, PROFILE_NOT_FOUND: nothing is stored).
     * </pre>
     */
    public com.appprofile.v1.ExportPersonResponse exportPerson(com.appprofile.v1.ExportPersonRequest request) throws io.grpc.StatusException {
      return io.grpc.stub.ClientCalls.blockingV2UnaryCall(
          getChannel(), getExportPersonMethod(), getCallOptions(), request);
    }

    /**
     * <pre>
     * Imports customers: creates those that are missing; of the others, the values of the record replace the stored ones,
     * and values that the record lacks are kept. Each request is answered by one response, in order. A record that is
     * refused is named in it; the others are imported. After an interruption, continue after the last acknowledged
     * record; a part that is repeated changes nothing. The service ends a long stream from time to time (UNAVAILABLE:
     * STREAM_AGED, DRAINING); continue in the same way.
     * Errors: RESOURCE_EXHAUSTED (TOO_MANY_STREAMS). Errors of a record are in its response: INVALID_REQUEST,
     * INVALID_ATTRIBUTE, CUSTOMER_MERGED, DATA_REFUSED, CONFLICT.
     * </pre>
     */
    @io.grpc.ExperimentalApi("https://github.com/grpc/grpc-java/issues/10918")
    public io.grpc.stub.BlockingClientCall<com.appprofile.v1.ImportCustomersRequest, com.appprofile.v1.ImportCustomersResponse>
        importCustomers() {
      return io.grpc.stub.ClientCalls.blockingBidiStreamingCall(
          getChannel(), getImportCustomersMethod(), getCallOptions());
    }

    /**
     * <pre>
     * Streams the tenant's customers, each once, ordered by id. Each message carries a token; after an interruption,
     * resume with the last one. The service ends a long stream from time to time (UNAVAILABLE: STREAM_AGED, DRAINING).
     * The end of the stream (OK) means that everything was sent.
     * Errors: INVALID_ARGUMENT (INVALID_RESUME_TOKEN), RESOURCE_EXHAUSTED (TOO_MANY_STREAMS).
     * </pre>
     */
    @io.grpc.ExperimentalApi("https://github.com/grpc/grpc-java/issues/10918")
    public io.grpc.stub.BlockingClientCall<?, com.appprofile.v1.ExportCustomersResponse>
        exportCustomers(com.appprofile.v1.ExportCustomersRequest request) {
      return io.grpc.stub.ClientCalls.blockingV2ServerStreamingCall(
          getChannel(), getExportCustomersMethod(), getCallOptions(), request);
    }

    /**
     * <pre>
     * Reads the schema of the tenant's customers. A tenant that never set one has version 0 and no attributes.
     * </pre>
     */
    public com.appprofile.v1.GetCustomerSchemaResponse getCustomerSchema(com.appprofile.v1.GetCustomerSchemaRequest request) throws io.grpc.StatusException {
      return io.grpc.stub.ClientCalls.blockingV2UnaryCall(
          getChannel(), getGetCustomerSchemaMethod(), getCallOptions(), request);
    }

    /**
     * <pre>
     * Replaces the schema of the tenant's customers. A change that stored customers do not fit is refused, unless `drop_values`
     * is set. Errors: FAILED_PRECONDITION (SCHEMA_CONFLICT, with the number of customers), INVALID_ARGUMENT (INVALID_REQUEST),
     * ABORTED (ETAG_MISMATCH, CONFLICT).
     * </pre>
     */
    public com.appprofile.v1.UpdateCustomerSchemaResponse updateCustomerSchema(com.appprofile.v1.UpdateCustomerSchemaRequest request) throws io.grpc.StatusException {
      return io.grpc.stub.ClientCalls.blockingV2UnaryCall(
          getChannel(), getUpdateCustomerSchemaMethod(), getCallOptions(), request);
    }
  }

  /**
   * A stub to allow clients to do limited synchronous rpc calls to service CustomerService.
   * <pre>
   * For internal services. Every method concerns the tenant of the key. A message may be up to 4 MiB. The metadata of a
   * call may be up to 8 KiB, counted as in HTTP/2: the name, the value and 32 bytes for each entry, including gRPC's own
   * entries. A call beyond either limit fails with RESOURCE_EXHAUSTED.
   * </pre>
   */
  public static final class CustomerServiceBlockingStub
      extends io.grpc.stub.AbstractBlockingStub<CustomerServiceBlockingStub> {
    private CustomerServiceBlockingStub(
        io.grpc.Channel channel, io.grpc.CallOptions callOptions) {
      super(channel, callOptions);
    }

    @java.lang.Override
    protected CustomerServiceBlockingStub build(
        io.grpc.Channel channel, io.grpc.CallOptions callOptions) {
      return new CustomerServiceBlockingStub(channel, callOptions);
    }

    /**
     * <pre>
     * Creates a customer. A repeated call with the same content returns the stored one. Profiles that already name its id
     * are linked with it. Errors: ALREADY_EXISTS (CUSTOMER_ALREADY_EXISTS), INVALID_ARGUMENT (INVALID_ATTRIBUTE),
     * FAILED_PRECONDITION (CUSTOMER_MERGED).
     * </pre>
     */
    public com.appprofile.v1.CreateCustomerResponse createCustomer(com.appprofile.v1.CreateCustomerRequest request) {
      return io.grpc.stub.ClientCalls.blockingUnaryCall(
          getChannel(), getCreateCustomerMethod(), getCallOptions(), request);
    }

    /**
     * <pre>
     * Reads a customer, with its linked profiles if asked for. Errors: NOT_FOUND (CUSTOMER_NOT_FOUND), FAILED_PRECONDITION
     * (CUSTOMER_MERGED).
     * </pre>
     */
    public com.appprofile.v1.GetCustomerResponse getCustomer(com.appprofile.v1.GetCustomerRequest request) {
      return io.grpc.stub.ClientCalls.blockingUnaryCall(
          getChannel(), getGetCustomerMethod(), getCallOptions(), request);
    }

    /**
     * <pre>
     * Changes a customer; with `allow_missing` creates it if it is missing. Errors: NOT_FOUND (CUSTOMER_NOT_FOUND),
     * INVALID_ARGUMENT (UNKNOWN_FIELD, INVALID_ATTRIBUTE), FAILED_PRECONDITION (CUSTOMER_MERGED), ABORTED (ETAG_MISMATCH).
     * </pre>
     */
    public com.appprofile.v1.UpdateCustomerResponse updateCustomer(com.appprofile.v1.UpdateCustomerRequest request) {
      return io.grpc.stub.ClientCalls.blockingUnaryCall(
          getChannel(), getUpdateCustomerMethod(), getCallOptions(), request);
    }

    /**
     * <pre>
     * Unlinks the customer's profiles in every app of the tenant, then deletes the customer. The profiles are kept. If it is
     * interrupted, repeat it. Errors: NOT_FOUND (CUSTOMER_NOT_FOUND) unless `allow_missing`, FAILED_PRECONDITION (CUSTOMER_MERGED).
     * </pre>
     */
    public com.appprofile.v1.DeleteCustomerResponse deleteCustomer(com.appprofile.v1.DeleteCustomerRequest request) {
      return io.grpc.stub.ClientCalls.blockingUnaryCall(
          getChannel(), getDeleteCustomerMethod(), getCallOptions(), request);
    }

    /**
     * <pre>
     * Lists the tenant's customers, or those with an e-mail address or phone number, ordered by id.
     * Errors: INVALID_ARGUMENT (INVALID_PAGE_TOKEN).
     * </pre>
     */
    public com.appprofile.v1.ListCustomersResponse listCustomers(com.appprofile.v1.ListCustomersRequest request) {
      return io.grpc.stub.ClientCalls.blockingUnaryCall(
          getChannel(), getListCustomersMethod(), getCallOptions(), request);
    }

    /**
     * <pre>
     * Merges a customer into another one. The target's values win, the source fills what the target lacks, the links of the source's
     * profiles move, and the source is deleted: for 90 days its id answers CUSTOMER_MERGED. Complete when the call returns; a
     * repeated call completes an interrupted one. Errors: NOT_FOUND (CUSTOMER_NOT_FOUND), FAILED_PRECONDITION (CUSTOMER_MERGED).
     * </pre>
     */
    public com.appprofile.v1.MergeCustomersResponse mergeCustomers(com.appprofile.v1.MergeCustomersRequest request) {
      return io.grpc.stub.ClientCalls.blockingUnaryCall(
          getChannel(), getMergeCustomersMethod(), getCallOptions(), request);
    }

    /**
     * <pre>
     * Erases a person: the customer, the linked profiles in every app of the tenant, and the ids in events. Keyed hashes
     * remain. An unknown id is no error. If it is interrupted, repeat it. A report that waits in the spool of an HTTP
     * bridge is applied later and matches no profile.
     * </pre>
     */
    public com.appprofile.v1.EraseCustomerResponse eraseCustomer(com.appprofile.v1.EraseCustomerRequest request) {
      return io.grpc.stub.ClientCalls.blockingUnaryCall(
          getChannel(), getEraseCustomerMethod(), getCallOptions(), request);
    }

    /**
     * <pre>
     * Returns everything that is stored about a person as one JSON document, with push tokens masked to their last 6
     * characters.
     * Errors: NOT_FOUND (CUSTOMER_NOT_FOUND, PROFILE_NOT_FOUND: nothing is stored).
     * </pre>
     */
    public com.appprofile.v1.ExportPersonResponse exportPerson(com.appprofile.v1.ExportPersonRequest request) {
      return io.grpc.stub.ClientCalls.blockingUnaryCall(
          getChannel(), getExportPersonMethod(), getCallOptions(), request);
    }

    /**
     * <pre>
     * Streams the tenant's customers, each once, ordered by id. Each message carries a token; after an interruption,
     * resume with the last one. The service ends a long stream from time to time (UNAVAILABLE: STREAM_AGED, DRAINING).
     * The end of the stream (OK) means that everything was sent.
     * Errors: INVALID_ARGUMENT (INVALID_RESUME_TOKEN), RESOURCE_EXHAUSTED (TOO_MANY_STREAMS).
     * </pre>
     */
    public java.util.Iterator<com.appprofile.v1.ExportCustomersResponse> exportCustomers(
        com.appprofile.v1.ExportCustomersRequest request) {
      return io.grpc.stub.ClientCalls.blockingServerStreamingCall(
          getChannel(), getExportCustomersMethod(), getCallOptions(), request);
    }

    /**
     * <pre>
     * Reads the schema of the tenant's customers. A tenant that never set one has version 0 and no attributes.
     * </pre>
     */
    public com.appprofile.v1.GetCustomerSchemaResponse getCustomerSchema(com.appprofile.v1.GetCustomerSchemaRequest request) {
      return io.grpc.stub.ClientCalls.blockingUnaryCall(
          getChannel(), getGetCustomerSchemaMethod(), getCallOptions(), request);
    }

    /**
     * <pre>
     * Replaces the schema of the tenant's customers. A change that stored customers do not fit is refused, unless `drop_values`
     * is set. Errors: FAILED_PRECONDITION (SCHEMA_CONFLICT, with the number of customers), INVALID_ARGUMENT (INVALID_REQUEST),
     * ABORTED (ETAG_MISMATCH, CONFLICT).
     * </pre>
     */
    public com.appprofile.v1.UpdateCustomerSchemaResponse updateCustomerSchema(com.appprofile.v1.UpdateCustomerSchemaRequest request) {
      return io.grpc.stub.ClientCalls.blockingUnaryCall(
          getChannel(), getUpdateCustomerSchemaMethod(), getCallOptions(), request);
    }
  }

  /**
   * A stub to allow clients to do ListenableFuture-style rpc calls to service CustomerService.
   * <pre>
   * For internal services. Every method concerns the tenant of the key. A message may be up to 4 MiB. The metadata of a
   * call may be up to 8 KiB, counted as in HTTP/2: the name, the value and 32 bytes for each entry, including gRPC's own
   * entries. A call beyond either limit fails with RESOURCE_EXHAUSTED.
   * </pre>
   */
  public static final class CustomerServiceFutureStub
      extends io.grpc.stub.AbstractFutureStub<CustomerServiceFutureStub> {
    private CustomerServiceFutureStub(
        io.grpc.Channel channel, io.grpc.CallOptions callOptions) {
      super(channel, callOptions);
    }

    @java.lang.Override
    protected CustomerServiceFutureStub build(
        io.grpc.Channel channel, io.grpc.CallOptions callOptions) {
      return new CustomerServiceFutureStub(channel, callOptions);
    }

    /**
     * <pre>
     * Creates a customer. A repeated call with the same content returns the stored one. Profiles that already name its id
     * are linked with it. Errors: ALREADY_EXISTS (CUSTOMER_ALREADY_EXISTS), INVALID_ARGUMENT (INVALID_ATTRIBUTE),
     * FAILED_PRECONDITION (CUSTOMER_MERGED).
     * </pre>
     */
    public com.google.common.util.concurrent.ListenableFuture<com.appprofile.v1.CreateCustomerResponse> createCustomer(
        com.appprofile.v1.CreateCustomerRequest request) {
      return io.grpc.stub.ClientCalls.futureUnaryCall(
          getChannel().newCall(getCreateCustomerMethod(), getCallOptions()), request);
    }

    /**
     * <pre>
     * Reads a customer, with its linked profiles if asked for. Errors: NOT_FOUND (CUSTOMER_NOT_FOUND), FAILED_PRECONDITION
     * (CUSTOMER_MERGED).
     * </pre>
     */
    public com.google.common.util.concurrent.ListenableFuture<com.appprofile.v1.GetCustomerResponse> getCustomer(
        com.appprofile.v1.GetCustomerRequest request) {
      return io.grpc.stub.ClientCalls.futureUnaryCall(
          getChannel().newCall(getGetCustomerMethod(), getCallOptions()), request);
    }

    /**
     * <pre>
     * Changes a customer; with `allow_missing` creates it if it is missing. Errors: NOT_FOUND (CUSTOMER_NOT_FOUND),
     * INVALID_ARGUMENT (UNKNOWN_FIELD, INVALID_ATTRIBUTE), FAILED_PRECONDITION (CUSTOMER_MERGED), ABORTED (ETAG_MISMATCH).
     * </pre>
     */
    public com.google.common.util.concurrent.ListenableFuture<com.appprofile.v1.UpdateCustomerResponse> updateCustomer(
        com.appprofile.v1.UpdateCustomerRequest request) {
      return io.grpc.stub.ClientCalls.futureUnaryCall(
          getChannel().newCall(getUpdateCustomerMethod(), getCallOptions()), request);
    }

    /**
     * <pre>
     * Unlinks the customer's profiles in every app of the tenant, then deletes the customer. The profiles are kept. If it is
     * interrupted, repeat it. Errors: NOT_FOUND (CUSTOMER_NOT_FOUND) unless `allow_missing`, FAILED_PRECONDITION (CUSTOMER_MERGED).
     * </pre>
     */
    public com.google.common.util.concurrent.ListenableFuture<com.appprofile.v1.DeleteCustomerResponse> deleteCustomer(
        com.appprofile.v1.DeleteCustomerRequest request) {
      return io.grpc.stub.ClientCalls.futureUnaryCall(
          getChannel().newCall(getDeleteCustomerMethod(), getCallOptions()), request);
    }

    /**
     * <pre>
     * Lists the tenant's customers, or those with an e-mail address or phone number, ordered by id.
     * Errors: INVALID_ARGUMENT (INVALID_PAGE_TOKEN).
     * </pre>
     */
    public com.google.common.util.concurrent.ListenableFuture<com.appprofile.v1.ListCustomersResponse> listCustomers(
        com.appprofile.v1.ListCustomersRequest request) {
      return io.grpc.stub.ClientCalls.futureUnaryCall(
          getChannel().newCall(getListCustomersMethod(), getCallOptions()), request);
    }

    /**
     * <pre>
     * Merges a customer into another one. The target's values win, the source fills what the target lacks, the links of the source's
     * profiles move, and the source is deleted: for 90 days its id answers CUSTOMER_MERGED. Complete when the call returns; a
     * repeated call completes an interrupted one. Errors: NOT_FOUND (CUSTOMER_NOT_FOUND), FAILED_PRECONDITION (CUSTOMER_MERGED).
     * </pre>
     */
    public com.google.common.util.concurrent.ListenableFuture<com.appprofile.v1.MergeCustomersResponse> mergeCustomers(
        com.appprofile.v1.MergeCustomersRequest request) {
      return io.grpc.stub.ClientCalls.futureUnaryCall(
          getChannel().newCall(getMergeCustomersMethod(), getCallOptions()), request);
    }

    /**
     * <pre>
     * Erases a person: the customer, the linked profiles in every app of the tenant, and the ids in events. Keyed hashes
     * remain. An unknown id is no error. If it is interrupted, repeat it. A report that waits in the spool of an HTTP
     * bridge is applied later and matches no profile.
     * </pre>
     */
    public com.google.common.util.concurrent.ListenableFuture<com.appprofile.v1.EraseCustomerResponse> eraseCustomer(
        com.appprofile.v1.EraseCustomerRequest request) {
      return io.grpc.stub.ClientCalls.futureUnaryCall(
          getChannel().newCall(getEraseCustomerMethod(), getCallOptions()), request);
    }

    /**
     * <pre>
     * Returns everything that is stored about a person as one JSON document, with push tokens masked to their last 6
     * characters.
     * Errors: NOT_FOUND (CUSTOMER_NOT_FOUND, PROFILE_NOT_FOUND: nothing is stored).
     * </pre>
     */
    public com.google.common.util.concurrent.ListenableFuture<com.appprofile.v1.ExportPersonResponse> exportPerson(
        com.appprofile.v1.ExportPersonRequest request) {
      return io.grpc.stub.ClientCalls.futureUnaryCall(
          getChannel().newCall(getExportPersonMethod(), getCallOptions()), request);
    }

    /**
     * <pre>
     * Reads the schema of the tenant's customers. A tenant that never set one has version 0 and no attributes.
     * </pre>
     */
    public com.google.common.util.concurrent.ListenableFuture<com.appprofile.v1.GetCustomerSchemaResponse> getCustomerSchema(
        com.appprofile.v1.GetCustomerSchemaRequest request) {
      return io.grpc.stub.ClientCalls.futureUnaryCall(
          getChannel().newCall(getGetCustomerSchemaMethod(), getCallOptions()), request);
    }

    /**
     * <pre>
     * Replaces the schema of the tenant's customers. A change that stored customers do not fit is refused, unless `drop_values`
     * is set. Errors: FAILED_PRECONDITION (SCHEMA_CONFLICT, with the number of customers), INVALID_ARGUMENT (INVALID_REQUEST),
     * ABORTED (ETAG_MISMATCH, CONFLICT).
     * </pre>
     */
    public com.google.common.util.concurrent.ListenableFuture<com.appprofile.v1.UpdateCustomerSchemaResponse> updateCustomerSchema(
        com.appprofile.v1.UpdateCustomerSchemaRequest request) {
      return io.grpc.stub.ClientCalls.futureUnaryCall(
          getChannel().newCall(getUpdateCustomerSchemaMethod(), getCallOptions()), request);
    }
  }

  private static final int METHODID_CREATE_CUSTOMER = 0;
  private static final int METHODID_GET_CUSTOMER = 1;
  private static final int METHODID_UPDATE_CUSTOMER = 2;
  private static final int METHODID_DELETE_CUSTOMER = 3;
  private static final int METHODID_LIST_CUSTOMERS = 4;
  private static final int METHODID_MERGE_CUSTOMERS = 5;
  private static final int METHODID_ERASE_CUSTOMER = 6;
  private static final int METHODID_EXPORT_PERSON = 7;
  private static final int METHODID_EXPORT_CUSTOMERS = 8;
  private static final int METHODID_GET_CUSTOMER_SCHEMA = 9;
  private static final int METHODID_UPDATE_CUSTOMER_SCHEMA = 10;
  private static final int METHODID_IMPORT_CUSTOMERS = 11;

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
        case METHODID_CREATE_CUSTOMER:
          serviceImpl.createCustomer((com.appprofile.v1.CreateCustomerRequest) request,
              (io.grpc.stub.StreamObserver<com.appprofile.v1.CreateCustomerResponse>) responseObserver);
          break;
        case METHODID_GET_CUSTOMER:
          serviceImpl.getCustomer((com.appprofile.v1.GetCustomerRequest) request,
              (io.grpc.stub.StreamObserver<com.appprofile.v1.GetCustomerResponse>) responseObserver);
          break;
        case METHODID_UPDATE_CUSTOMER:
          serviceImpl.updateCustomer((com.appprofile.v1.UpdateCustomerRequest) request,
              (io.grpc.stub.StreamObserver<com.appprofile.v1.UpdateCustomerResponse>) responseObserver);
          break;
        case METHODID_DELETE_CUSTOMER:
          serviceImpl.deleteCustomer((com.appprofile.v1.DeleteCustomerRequest) request,
              (io.grpc.stub.StreamObserver<com.appprofile.v1.DeleteCustomerResponse>) responseObserver);
          break;
        case METHODID_LIST_CUSTOMERS:
          serviceImpl.listCustomers((com.appprofile.v1.ListCustomersRequest) request,
              (io.grpc.stub.StreamObserver<com.appprofile.v1.ListCustomersResponse>) responseObserver);
          break;
        case METHODID_MERGE_CUSTOMERS:
          serviceImpl.mergeCustomers((com.appprofile.v1.MergeCustomersRequest) request,
              (io.grpc.stub.StreamObserver<com.appprofile.v1.MergeCustomersResponse>) responseObserver);
          break;
        case METHODID_ERASE_CUSTOMER:
          serviceImpl.eraseCustomer((com.appprofile.v1.EraseCustomerRequest) request,
              (io.grpc.stub.StreamObserver<com.appprofile.v1.EraseCustomerResponse>) responseObserver);
          break;
        case METHODID_EXPORT_PERSON:
          serviceImpl.exportPerson((com.appprofile.v1.ExportPersonRequest) request,
              (io.grpc.stub.StreamObserver<com.appprofile.v1.ExportPersonResponse>) responseObserver);
          break;
        case METHODID_EXPORT_CUSTOMERS:
          serviceImpl.exportCustomers((com.appprofile.v1.ExportCustomersRequest) request,
              (io.grpc.stub.StreamObserver<com.appprofile.v1.ExportCustomersResponse>) responseObserver);
          break;
        case METHODID_GET_CUSTOMER_SCHEMA:
          serviceImpl.getCustomerSchema((com.appprofile.v1.GetCustomerSchemaRequest) request,
              (io.grpc.stub.StreamObserver<com.appprofile.v1.GetCustomerSchemaResponse>) responseObserver);
          break;
        case METHODID_UPDATE_CUSTOMER_SCHEMA:
          serviceImpl.updateCustomerSchema((com.appprofile.v1.UpdateCustomerSchemaRequest) request,
              (io.grpc.stub.StreamObserver<com.appprofile.v1.UpdateCustomerSchemaResponse>) responseObserver);
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
        case METHODID_IMPORT_CUSTOMERS:
          return (io.grpc.stub.StreamObserver<Req>) serviceImpl.importCustomers(
              (io.grpc.stub.StreamObserver<com.appprofile.v1.ImportCustomersResponse>) responseObserver);
        default:
          throw new AssertionError();
      }
    }
  }

  public static final io.grpc.ServerServiceDefinition bindService(AsyncService service) {
    return io.grpc.ServerServiceDefinition.builder(getServiceDescriptor())
        .addMethod(
          getCreateCustomerMethod(),
          io.grpc.stub.ServerCalls.asyncUnaryCall(
            new MethodHandlers<
              com.appprofile.v1.CreateCustomerRequest,
              com.appprofile.v1.CreateCustomerResponse>(
                service, METHODID_CREATE_CUSTOMER)))
        .addMethod(
          getGetCustomerMethod(),
          io.grpc.stub.ServerCalls.asyncUnaryCall(
            new MethodHandlers<
              com.appprofile.v1.GetCustomerRequest,
              com.appprofile.v1.GetCustomerResponse>(
                service, METHODID_GET_CUSTOMER)))
        .addMethod(
          getUpdateCustomerMethod(),
          io.grpc.stub.ServerCalls.asyncUnaryCall(
            new MethodHandlers<
              com.appprofile.v1.UpdateCustomerRequest,
              com.appprofile.v1.UpdateCustomerResponse>(
                service, METHODID_UPDATE_CUSTOMER)))
        .addMethod(
          getDeleteCustomerMethod(),
          io.grpc.stub.ServerCalls.asyncUnaryCall(
            new MethodHandlers<
              com.appprofile.v1.DeleteCustomerRequest,
              com.appprofile.v1.DeleteCustomerResponse>(
                service, METHODID_DELETE_CUSTOMER)))
        .addMethod(
          getListCustomersMethod(),
          io.grpc.stub.ServerCalls.asyncUnaryCall(
            new MethodHandlers<
              com.appprofile.v1.ListCustomersRequest,
              com.appprofile.v1.ListCustomersResponse>(
                service, METHODID_LIST_CUSTOMERS)))
        .addMethod(
          getMergeCustomersMethod(),
          io.grpc.stub.ServerCalls.asyncUnaryCall(
            new MethodHandlers<
              com.appprofile.v1.MergeCustomersRequest,
              com.appprofile.v1.MergeCustomersResponse>(
                service, METHODID_MERGE_CUSTOMERS)))
        .addMethod(
          getEraseCustomerMethod(),
          io.grpc.stub.ServerCalls.asyncUnaryCall(
            new MethodHandlers<
              com.appprofile.v1.EraseCustomerRequest,
              com.appprofile.v1.EraseCustomerResponse>(
                service, METHODID_ERASE_CUSTOMER)))
        .addMethod(
          getExportPersonMethod(),
          io.grpc.stub.ServerCalls.asyncUnaryCall(
            new MethodHandlers<
              com.appprofile.v1.ExportPersonRequest,
              com.appprofile.v1.ExportPersonResponse>(
                service, METHODID_EXPORT_PERSON)))
        .addMethod(
          getImportCustomersMethod(),
          io.grpc.stub.ServerCalls.asyncBidiStreamingCall(
            new MethodHandlers<
              com.appprofile.v1.ImportCustomersRequest,
              com.appprofile.v1.ImportCustomersResponse>(
                service, METHODID_IMPORT_CUSTOMERS)))
        .addMethod(
          getExportCustomersMethod(),
          io.grpc.stub.ServerCalls.asyncServerStreamingCall(
            new MethodHandlers<
              com.appprofile.v1.ExportCustomersRequest,
              com.appprofile.v1.ExportCustomersResponse>(
                service, METHODID_EXPORT_CUSTOMERS)))
        .addMethod(
          getGetCustomerSchemaMethod(),
          io.grpc.stub.ServerCalls.asyncUnaryCall(
            new MethodHandlers<
              com.appprofile.v1.GetCustomerSchemaRequest,
              com.appprofile.v1.GetCustomerSchemaResponse>(
                service, METHODID_GET_CUSTOMER_SCHEMA)))
        .addMethod(
          getUpdateCustomerSchemaMethod(),
          io.grpc.stub.ServerCalls.asyncUnaryCall(
            new MethodHandlers<
              com.appprofile.v1.UpdateCustomerSchemaRequest,
              com.appprofile.v1.UpdateCustomerSchemaResponse>(
                service, METHODID_UPDATE_CUSTOMER_SCHEMA)))
        .build();
  }

  private static abstract class CustomerServiceBaseDescriptorSupplier
      implements io.grpc.protobuf.ProtoFileDescriptorSupplier, io.grpc.protobuf.ProtoServiceDescriptorSupplier {
    CustomerServiceBaseDescriptorSupplier() {}

    @java.lang.Override
    public com.google.protobuf.Descriptors.FileDescriptor getFileDescriptor() {
      return com.appprofile.v1.CustomerServiceProto.getDescriptor();
    }

    @java.lang.Override
    public com.google.protobuf.Descriptors.ServiceDescriptor getServiceDescriptor() {
      return getFileDescriptor().findServiceByName("CustomerService");
    }
  }

  private static final class CustomerServiceFileDescriptorSupplier
      extends CustomerServiceBaseDescriptorSupplier {
    CustomerServiceFileDescriptorSupplier() {}
  }

  private static final class CustomerServiceMethodDescriptorSupplier
      extends CustomerServiceBaseDescriptorSupplier
      implements io.grpc.protobuf.ProtoMethodDescriptorSupplier {
    private final java.lang.String methodName;

    CustomerServiceMethodDescriptorSupplier(java.lang.String methodName) {
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
      synchronized (CustomerServiceGrpc.class) {
        result = serviceDescriptor;
        if (result == null) {
          serviceDescriptor = result = io.grpc.ServiceDescriptor.newBuilder(SERVICE_NAME)
              .setSchemaDescriptor(new CustomerServiceFileDescriptorSupplier())
              .addMethod(getCreateCustomerMethod())
              .addMethod(getGetCustomerMethod())
              .addMethod(getUpdateCustomerMethod())
              .addMethod(getDeleteCustomerMethod())
              .addMethod(getListCustomersMethod())
              .addMethod(getMergeCustomersMethod())
              .addMethod(getEraseCustomerMethod())
              .addMethod(getExportPersonMethod())
              .addMethod(getImportCustomersMethod())
              .addMethod(getExportCustomersMethod())
              .addMethod(getGetCustomerSchemaMethod())
              .addMethod(getUpdateCustomerSchemaMethod())
              .build();
        }
      }
    }
    return result;
  }
}

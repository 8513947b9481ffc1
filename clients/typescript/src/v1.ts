// The messages, enums and services of appprofile.v1.

export { KeyKind } from "./gen/appprofile/v1/access_pb.js";
export * from "./gen/appprofile/v1/app_pb.js";
export * from "./gen/appprofile/v1/app_service_pb.js";
export * from "./gen/appprofile/v1/credential_service_pb.js";
export * from "./gen/appprofile/v1/customer_pb.js";
export * from "./gen/appprofile/v1/customer_service_pb.js";
export * from "./gen/appprofile/v1/error_reason_pb.js";
export * from "./gen/appprofile/v1/event_pb.js";
export * from "./gen/appprofile/v1/profile_pb.js";
export * from "./gen/appprofile/v1/profile_service_pb.js";
export * from "./gen/appprofile/v1/recipient_pb.js";
export * from "./gen/appprofile/v1/transfer_pb.js";
export * from "./gen/appprofile/v1/usage_service_pb.js";
export * from "./gen/appprofile/v1/webhook_service_pb.js";

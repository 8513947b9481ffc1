// Registers this browser through the edge, sends a heartbeat, and shows why the service refuses a call.
import { ApiError, connect, Platform } from "@profile-grpc/appprofile/web";

const { edge = "", key: apiKey } = document.body.dataset;
const show = (line: string) => document.querySelector("output")!.append(`${line}\n`);
const client = connect(edge, { key: apiKey || undefined });
const key = { appId: "demo", userId: "ann", deviceId: "browser-1" };
try {
  await client.profiles.register({ key, platform: Platform.WEB, sequence: 1n });
  const beat = await client.profiles.heartbeat({ key });
  show(`next heartbeat in ${beat.nextHeartbeatAfter?.seconds} seconds`);
  await client.profiles.heartbeat({ key: { ...key, userId: "" } });
} catch (error) {
  if (!(error instanceof ApiError)) throw error;
  show(`refused: ${error.reason}: ${error.message}`);
  for (const { field, description } of error.violations) show(`${field}: ${description}`);
} finally {
  show("done");
}

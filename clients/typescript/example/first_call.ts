// Registers a device with a local server (./scripts/serve) and sends a heartbeat.
import { ApiError, connect, Platform } from "@profile-grpc/appprofile";

const client = connect("127.0.0.1:50051", { plaintext: true });
const key = { appId: "demo", userId: "ann", deviceId: "tablet-1" };
try {
  // The installation numbers these calls and stores the number. A call that arrives late then changes nothing.
  await client.profiles.register({ key, platform: Platform.ANDROID, sequence: 1n });
  const beat = await client.profiles.heartbeat({ key });
  console.log(`next heartbeat in ${beat.nextHeartbeatAfter?.seconds} seconds`);
} catch (error) {
  if (!(error instanceof ApiError)) throw error;
  console.error(`refused: ${error.reason}: ${error.message}`);
  process.exitCode = 1;
} finally {
  client.close();
}

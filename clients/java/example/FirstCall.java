import com.appprofile.ApiException;
import com.appprofile.Client;
import com.appprofile.Options;
import com.appprofile.v1.HeartbeatRequest;
import com.appprofile.v1.Platform;
import com.appprofile.v1.ProfileKey;
import com.appprofile.v1.RegisterRequest;
import io.grpc.StatusRuntimeException;

/** Registers a device with a local server (./scripts/serve) and sends a heartbeat. */
public final class FirstCall {
  private FirstCall() {}

  public static void main(String[] args) {
    var key = ProfileKey.newBuilder().setAppId("demo").setUserId("ann").setDeviceId("tablet-1").build();
    try (Client client = Client.connect("127.0.0.1:50051", Options.builder().plaintext(true).build())) {
      // The installation numbers these calls and stores the number. A call that arrives late then changes nothing.
      var registration =
          RegisterRequest.newBuilder().setKey(key).setPlatform(Platform.PLATFORM_ANDROID).setSequence(1).build();
      client.profiles().register(registration);
      var beat = client.profiles().heartbeat(HeartbeatRequest.newBuilder().setKey(key).build());
      System.out.println("next heartbeat in " + beat.getNextHeartbeatAfter().getSeconds() + " seconds");
    } catch (StatusRuntimeException e) {
      System.err.println("refused: " + ApiException.from(e).getMessage());
      System.exit(1);
    }
  }
}

// Registers a device with a local server (./scripts/serve) and sends a heartbeat.
package main

import (
	"context"
	"fmt"
	"log"

	"github.com/profile-grpc/profile-grpc/clients/go/appprofile"
	pb "github.com/profile-grpc/profile-grpc/clients/go/appprofile/v1"
)

func main() {
	client, err := appprofile.Connect("127.0.0.1:50051", appprofile.Options{Plaintext: true})
	if err != nil {
		log.Fatal(err)
	}
	defer client.Close()
	key := &pb.ProfileKey{AppId: "demo", UserId: "ann", DeviceId: "tablet-1"}
	// The installation numbers these calls and stores the number. A call that arrives late then changes nothing.
	registration := &pb.RegisterRequest{Key: key, Platform: pb.Platform_PLATFORM_ANDROID, Sequence: new(int64(1))}
	if _, err := client.Profiles.Register(context.Background(), registration); err != nil {
		log.Fatal(err)
	}
	beat, err := client.Profiles.Heartbeat(context.Background(), &pb.HeartbeatRequest{Key: key})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("next heartbeat in", beat.GetNextHeartbeatAfter().AsDuration())
}

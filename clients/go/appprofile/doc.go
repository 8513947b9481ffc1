// Package appprofile is the client of the appprofile.v1 API: the generated stubs of package appprofilev1, with
// credentials, TLS, deadlines, retries and errors taken care of.
//
//	client, err := appprofile.Connect("profiles.example.com:443", appprofile.Options{Key: key})
//	response, err := client.Profiles.Heartbeat(ctx, &appprofilev1.HeartbeatRequest{Key: profileKey})
package appprofile

// Version is the version of this client, and of the service it was made for.
const Version = "0.1.0"

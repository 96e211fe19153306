// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"io"
	"log/slog"
	"net"
	"strings"
	"testing"
	"time"

	"needletail/auth/identity"
	"needletail/cmd/needletail/config"
	"needletail/objstore"
)

// The recorded site: what its Keystone held, with the ids of the traces. H is
// the host that all URLs name.
const (
	traceHost        = "182.161.114.101"
	traceServiceID   = "7c4cda7e4807414bbdfcb22b535a9802"
	traceAdminID     = "de5af600557d44d0996e667499376dbb"
	traceSwiftUserID = "0f0e0d0c0b0a09080706050403020100" // not in the traces
)

var traceRoles = map[string]string{
	"reader":        "28dea0246b6f47df9d99b5b33b423c8b",
	"member":        "5f0594b46c8346d2996759ed1f5014f4",
	"admin":         "3e1adda493764db8921e97d68a5c8bc7",
	"service":       "8305567cb70b4087babffa9c7e9a185f",
	"ResellerAdmin": "fb02fd084500496fad9b29fd8c376f65",
}

var traceUsers = map[string]string{
	"admin":        "f7a842b4104247debd7589051c5321fc",
	"glance":       "e65d5173dc4c4883a9f3a7252d6c007c",
	"glance-swift": "e4cc1d4770e748e985de1fef90bdca3b",
	"swift":        traceSwiftUserID,
}

var traceServices = []struct{ id, kind, name string }{
	{"10304edc7ec942d282567b8c4f5610d6", "placement", "placement"},
	{"117766093c004578b95a185ecf2a5bbf", "compute", "nova"},
	{"22844f546aa941798f06e4978be9ab94", "database", "trove"},
	{"3b7aead421ce4611a82e684ab8c2ad2f", "image", "glance"},
	{"628d3cea8d3b4615a4b047bae6112d0e", "object-store", "swift"},
	{"7055978143b74523b826bae1a9c0aabf", "identity", "keystone"},
	{"b3b850a4ec574d16a0cbece3c172a701", "network", "neutron"},
	{"cb1921a9c779492484907683bb447e84", "compute_legacy", "nova_legacy"},
	{"d5345b92210c49aa975a873d04921780", "block-storage", "cinder"},
	{"e559802e75824163a070bd92dd143476", "volumev3", "cinderv3"},
}

var traceEndpoints = []struct{ id, service, kind, url string }{
	{"6fbbbec7587e4989a4de6e7a43c7205f", "placement", "public", "http://H/placement"},
	{"366c8616c77243d38971272e0eaf4a9f", "nova", "public", "http://H/compute/v2.1"},
	{"0c0d6e47d833442f8da165ada8ad43a3", "trove", "internal", "http://H:8779/v1.0/$(project_id)s"},
	{"9440e2831cc84d4da9f7d20c7b42638e", "trove", "admin", "http://H:8779/v1.0/$(project_id)s"},
	{"c812ae1a5a3e40449f3c61edae4a6bcb", "trove", "public", "http://H:8779/v1.0/$(project_id)s"},
	{"fad6bb86523b4f3aba4a6a6fb25cda0e", "glance", "public", "http://H/image"},
	{"82c559324ad244beacb2fd0406f0298b", "swift", "admin", "http://H:8080"},
	{"d1029ab4d5bf4cd6843a5b819966c2ea", "swift", "public", "http://H:8080/v1/AUTH_$(project_id)s"},
	{"a7eecf5314434aca81e5feaa8bf7521e", "keystone", "public", "http://H/identity"},
	{"30dd85ebed584c54ba849ca0e2a4c825", "neutron", "public", "http://H:9696/networking"},
	{"871e0e3393974f9b9071342b59f62090", "nova_legacy", "public", "http://H/compute/v2/$(project_id)s"},
	{"b6a779acd3e04ed480847d4cb99ca710", "cinder", "public", "http://H/volume/v3/$(project_id)s"},
	{"8c624f7ed1e44096b8f0413866a11b1b", "cinderv3", "public", "http://H/volume/v3/$(project_id)s"},
}

// traceGrants are "user role target".
var traceGrants = []struct{ user, role, project string }{
	{"admin", "admin", traceAdminID},
	{"glance", "service", traceServiceID},
	{"glance", "reader", ""}, // on the system
	{"glance-swift", "service", traceServiceID},
	{"glance-swift", "ResellerAdmin", traceServiceID},
	{"swift", "admin", traceServiceID},
}

// loadTraceFixture fills an empty identity store with the recorded site's rows.
func loadTraceFixture(t *testing.T, s *identity.Service) {
	t.Helper()
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	_, err := s.CreateDomain(identity.Domain{ID: identity.DefaultDomainID, Name: "Default", Enabled: true})
	must(err)
	for name, id := range map[string]string{"admin": traceAdminID, "service": traceServiceID} {
		_, err := s.CreateProject(identity.Project{ID: id, Name: name, DomainID: identity.DefaultDomainID, Enabled: true})
		must(err)
	}
	for name, id := range traceRoles {
		_, err := s.CreateRole(identity.Role{ID: id, Name: name})
		must(err)
	}
	must(s.ImplyRole(traceRoles["admin"], traceRoles["member"]))
	must(s.ImplyRole(traceRoles["member"], traceRoles["reader"]))
	for name, id := range traceUsers {
		user := identity.User{ID: id, Name: name, DomainID: identity.DefaultDomainID, Enabled: true}
		_, err := s.CreateUser(context.Background(), user, "asdf")
		must(err)
	}
	for _, g := range traceGrants {
		grant := identity.Grant{UserID: traceUsers[g.user], Target: identity.OnProject, TargetID: g.project, RoleID: traceRoles[g.role]}
		if g.project == "" {
			grant.Target = identity.OnSystem
		}
		must(s.AddGrant(grant))
	}
	loadTraceCatalog(t, s)
}

func loadTraceCatalog(t *testing.T, s *identity.Service) {
	t.Helper()
	if _, err := s.CreateRegion(identity.Region{ID: "RegionOne"}); err != nil {
		t.Fatal(err)
	}
	ids := map[string]string{}
	for _, c := range traceServices {
		ids[c.name] = c.id
		service := identity.CatalogService{ID: c.id, Type: c.kind, Enabled: true, Extra: map[string]any{"name": c.name}}
		if _, err := s.CreateService(service); err != nil {
			t.Fatal(err)
		}
	}
	for _, e := range traceEndpoints {
		endpoint := identity.Endpoint{
			ID: e.id, ServiceID: ids[e.service], Interface: e.kind, RegionID: "RegionOne",
			URL: strings.Replace(e.url, "//H", "//"+traceHost, 1), Enabled: true,
		}
		if _, err := s.CreateEndpoint(endpoint); err != nil {
			t.Fatal(err)
		}
	}
}

// startTraceSite runs the recorded site on a free port and gives its address.
func startTraceSite(t *testing.T) string {
	t.Helper()
	cfg := defaultSettings()
	cfg.Data = t.TempDir()
	cfg.PublicURL = "http://" + traceHost
	cfg.SettlePublicURL(nil)
	cfg.Identity.TokenLifetime = config.Duration(3 * time.Hour)
	cfg.Identity.PasswordHashRounds = 4
	cfg.Log.Access = false
	logger := slog.New(slog.NewTextHandler(io.Discard, nil))
	st, err := openStorage(cfg, logger)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := st.close(); err != nil {
			t.Error(err)
		}
	})
	loadTraceFixture(t, st.identity)
	container := objstore.ContainerID{Account: "AUTH_" + traceServiceID, Container: "glance"}
	if _, err := st.store.PutContainer(t.Context(), container, objstore.PutContainerOptions{}); err != nil {
		t.Fatal(err)
	}
	front, err := newFront(cfg, st, logger, sinks{})
	if err != nil {
		t.Fatal(err)
	}
	return serveFront(t, front)
}

// serveConfig opens the store of a configuration, makes its first user, admin
// with the password "pw", and serves it until the test ends, at HOST:PORT.
func serveConfig(t *testing.T, cfg settings) (st *storage, addr string) {
	t.Helper()
	logger := slog.New(slog.DiscardHandler)
	st, err := openStorage(cfg, logger)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := st.close(); err != nil {
			t.Error(err)
		}
	})
	t.Setenv("OS_BOOTSTRAP_PASSWORD", "pw")
	if err := st.bootstrap(t.Context(), cfg); err != nil {
		t.Fatal(err)
	}
	front, err := newFront(cfg, st, logger, sinks{})
	if err != nil {
		t.Fatal(err)
	}
	return st, serveFront(t, front)
}

// serveFront serves on a free port until the test ends, and gives HOST:PORT.
func serveFront(t *testing.T, front *front) string {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	served := make(chan error, 1)
	go func() { served <- front.Serve(ln) }()
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		if err := front.Shutdown(ctx); err != nil {
			t.Error(err)
		}
		<-served
	})
	return ln.Addr().String()
}

// defaultSettings are the settings of a server without a configuration file.
func defaultSettings() settings { return settings{Config: config.Default()} }

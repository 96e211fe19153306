// SPDX-License-Identifier: Apache-2.0

package keystone

import (
	"bytes"
	"context"
	"io"
	"strings"
	"testing"
	"time"

	"golang.org/x/crypto/bcrypt"

	"needletail/auth/identity"
	"needletail/proxy/web"
)

// The fixture is the cloud in which the bodies in testdata were recorded.
const (
	fixtureHost     = "182.161.114.101"
	fixturePassword = "asdf"
	adminUser       = "f7a842b4104247debd7589051c5321fc"
	glanceUser      = "e65d5173dc4c4883a9f3a7252d6c007c"
	glanceSwiftUser = "e4cc1d4770e748e985de1fef90bdca3b"
	adminProject    = "de5af600557d44d0996e667499376dbb"
	serviceProject  = "7c4cda7e4807414bbdfcb22b535a9802"
	readerRole      = "28dea0246b6f47df9d99b5b33b423c8b"
	memberRole      = "5f0594b46c8346d2996759ed1f5014f4"
	adminRole       = "3e1adda493764db8921e97d68a5c8bc7"
	serviceRole     = "8305567cb70b4087babffa9c7e9a185f"
	resellerRole    = "fb02fd084500496fad9b29fd8c376f65"
)

// service id, type, name, then endpoint id, interface, URL…
var fixtureCatalog = [][]string{
	{"10304edc7ec942d282567b8c4f5610d6", "placement", "placement",
		"6fbbbec7587e4989a4de6e7a43c7205f", "public", "/placement"},
	{"117766093c004578b95a185ecf2a5bbf", "compute", "nova",
		"366c8616c77243d38971272e0eaf4a9f", "public", "/compute/v2.1"},
	{"22844f546aa941798f06e4978be9ab94", "database", "trove",
		"0c0d6e47d833442f8da165ada8ad43a3", "internal", ":8779/v1.0/$(project_id)s",
		"9440e2831cc84d4da9f7d20c7b42638e", "admin", ":8779/v1.0/$(project_id)s",
		"c812ae1a5a3e40449f3c61edae4a6bcb", "public", ":8779/v1.0/$(project_id)s"},
	{"3b7aead421ce4611a82e684ab8c2ad2f", "image", "glance",
		"fad6bb86523b4f3aba4a6a6fb25cda0e", "public", "/image"},
	{"628d3cea8d3b4615a4b047bae6112d0e", "object-store", "swift",
		"82c559324ad244beacb2fd0406f0298b", "admin", ":8080",
		"d1029ab4d5bf4cd6843a5b819966c2ea", "public", ":8080/v1/AUTH_$(project_id)s"},
	{"7055978143b74523b826bae1a9c0aabf", "identity", "keystone",
		"a7eecf5314434aca81e5feaa8bf7521e", "public", "/identity"},
	{"b3b850a4ec574d16a0cbece3c172a701", "network", "neutron",
		"30dd85ebed584c54ba849ca0e2a4c825", "public", ":9696/networking"},
	{"cb1921a9c779492484907683bb447e84", "compute_legacy", "nova_legacy",
		"871e0e3393974f9b9071342b59f62090", "public", "/compute/v2/$(project_id)s"},
	{"d5345b92210c49aa975a873d04921780", "block-storage", "cinder",
		"b6a779acd3e04ed480847d4cb99ca710", "public", "/volume/v3/$(project_id)s"},
	{"e559802e75824163a070bd92dd143476", "volumev3", "cinderv3",
		"8c624f7ed1e44096b8f0413866a11b1b", "public", "/volume/v3/$(project_id)s"},
}

// cloud is a service with the fixture, and a handler over it.
type cloud struct {
	*testing.T
	svc     *identity.Service
	handler web.Handler
}

func must[T any](t *testing.T) func(T, error) T {
	return func(v T, err error) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

func newCloud(t *testing.T) *cloud {
	t.Helper()
	return openCloud(t, identity.Options{})
}

// openCloud is newCloud with further options.
func openCloud(t *testing.T, o identity.Options) *cloud {
	t.Helper()
	o.Dir, o.BcryptCost, o.TokenLife = t.TempDir(), bcrypt.MinCost, 3*time.Hour
	svc, err := identity.Open(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := svc.Close(); err != nil {
			t.Error(err)
		}
	})
	c := &cloud{t, svc, New(Config{Service: svc})}
	c.load()
	return c
}

func (c *cloud) load() {
	ctx := context.Background()
	must[*identity.Domain](c.T)(c.svc.CreateDomain(identity.Domain{ID: "default", Name: "Default", Enabled: true}))
	for id, name := range map[string]string{adminUser: "admin", glanceUser: "glance", glanceSwiftUser: "glance-swift"} {
		must[*identity.User](c.T)(c.svc.CreateUser(ctx, identity.User{ID: id, Name: name, DomainID: "default", Enabled: true}, fixturePassword))
	}
	for id, name := range map[string]string{adminProject: "admin", serviceProject: "service"} {
		must[*identity.Project](c.T)(c.svc.CreateProject(identity.Project{ID: id, Name: name, DomainID: "default", Enabled: true}))
	}
	for id, name := range map[string]string{readerRole: "reader", memberRole: "member", adminRole: "admin",
		serviceRole: "service", resellerRole: "ResellerAdmin"} {
		must[*identity.Role](c.T)(c.svc.CreateRole(identity.Role{ID: id, Name: name}))
	}
	for _, i := range [][2]string{{adminRole, memberRole}, {memberRole, readerRole}} {
		if err := c.svc.ImplyRole(i[0], i[1]); err != nil {
			c.Fatal(err)
		}
	}
	for _, g := range []identity.Grant{
		{UserID: adminUser, Target: identity.OnProject, TargetID: adminProject, RoleID: adminRole},
		{UserID: glanceUser, Target: identity.OnProject, TargetID: serviceProject, RoleID: serviceRole},
		{UserID: glanceUser, Target: identity.OnSystem, RoleID: readerRole},
		{UserID: glanceSwiftUser, Target: identity.OnProject, TargetID: serviceProject, RoleID: serviceRole},
		{UserID: glanceSwiftUser, Target: identity.OnProject, TargetID: serviceProject, RoleID: resellerRole},
	} {
		if err := c.svc.AddGrant(g); err != nil {
			c.Fatal(err)
		}
	}
	must[*identity.Region](c.T)(c.svc.CreateRegion(identity.Region{ID: "RegionOne"}))
	for _, s := range fixtureCatalog {
		must[*identity.CatalogService](c.T)(c.svc.CreateService(identity.CatalogService{ID: s[0], Type: s[1], Enabled: true,
			Extra: map[string]any{"name": s[2]}}))
		for e := s[3:]; len(e) > 0; e = e[3:] {
			must[*identity.Endpoint](c.T)(c.svc.CreateEndpoint(identity.Endpoint{ID: e[0], Interface: e[1], ServiceID: s[0],
				RegionID: "RegionOne", Enabled: true, URL: "http://" + fixtureHost + e[2]}))
		}
	}
}

// reply is a response read whole.
type reply struct {
	status int
	header web.Header
	body   string
}

// do sends a request; headers come in pairs.
func (c *cloud) do(method, path, body string, headers ...string) reply {
	c.Helper()
	path, query, _ := strings.Cut(path, "?")
	r := &web.Request{
		Method: method, Path: path, RawPath: path, RawQuery: query, Host: fixtureHost, Scheme: "http",
		BasePath: "/identity", Proto: "HTTP/1.1", Body: web.NoBody, ContentLength: web.NoLength,
	}
	if body != "" {
		r.Body, r.ContentLength = strings.NewReader(body), int64(len(body))
		r.Header.Set("Content-Type", jsonType)
	}
	for ; len(headers) > 1; headers = headers[2:] {
		r.Header.Set(headers[0], headers[1])
	}
	res, err := c.handler.Serve(r)
	if err != nil {
		c.Fatalf("%s %s: %v", method, path, err)
	}
	defer res.Close()
	out := reply{status: res.Status, header: res.Header}
	if res.Body != nil {
		b, err := io.ReadAll(res.Body)
		if err != nil || int64(len(b)) != res.ContentLength {
			c.Fatalf("%s %s: a body of %d bytes, said %d: %v", method, path, len(b), res.ContentLength, err)
		}
		out.body = string(bytes.TrimRight(b, "\x00"))
	}
	return out
}

const (
	onAdmin   = `{"project": {"name": "admin", "domain": {"id": "default"}}}`
	onService = `{"project": {"name": "service", "domain": {"name": "Default"}}}`
	onSystem  = `{"system": {"all": true}}`
)

func loginBody(user, password, scope string) string {
	body := `{"auth": {"identity": {"methods": ["password"], "password": {"user": {"password": "` + password +
		`", "name": "` + user + `", "domain": {"name": "Default"}}}}`
	if scope != "" {
		body += `, "scope": ` + scope
	}
	return body + "}}"
}

// login gives a token's text.
func (c *cloud) login(user, scope string) string {
	c.Helper()
	res := c.do("POST", "/v3/auth/tokens", loginBody(user, fixturePassword, scope))
	if res.status != 201 {
		c.Fatalf("login of %s on %s: %d %s", user, scope, res.status, res.body)
	}
	return res.header.Get("X-Subject-Token")
}

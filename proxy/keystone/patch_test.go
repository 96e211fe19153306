// SPDX-License-Identifier: Apache-2.0

package keystone

import (
	"io"
	"strings"
	"testing"

	"needletail/auth/identity"
	"needletail/proxy/pyjson"
	"needletail/proxy/web"
)

// patchRow is a row of the store, a PATCH of the row, and a change of another part
// of the row by somebody else.
type patchRow struct {
	path, body string
	// other is the body of a PATCH by somebody else, or otherDo changes the row
	// where a PATCH can change nothing else.
	other   string
	otherDo func(*testing.T, *cloud)
	// want are parts of the row after both changes.
	want []string
}

// patchRows has a row for each PATCH of the table, by pattern.
var patchRows = map[string]patchRow{
	"/v3/groups/{group}": {path: "/v3/groups/g1", body: `{"group": {"name": "mine"}}`,
		other: `{"group": {"description": "theirs", "color": "red"}}`, want: []string{`"mine"`, `"theirs"`, `"red"`}},
	"/v3/roles/{role}": {path: "/v3/roles/" + readerRole, body: `{"role": {"name": "mine"}}`,
		other: `{"role": {"description": "theirs"}}`, want: []string{`"mine"`, `"theirs"`}},
	"/v3/regions/{region}": {path: "/v3/regions/RegionOne", body: `{"region": {"color": "mine"}}`,
		other: `{"region": {"description": "theirs", "shape": "round"}}`, want: []string{`"mine"`, `"theirs"`, `"round"`}},
	"/v3/services/{service}": {path: "/v3/services/" + fixtureCatalog[0][0], body: `{"service": {"enabled": false}}`,
		other: `{"service": {"type": "theirs", "description": "long"}}`, want: []string{`"enabled": false`, `"theirs"`, `"long"`}},
	"/v3/endpoints/{endpoint}": {path: "/v3/endpoints/" + fixtureCatalog[0][3], body: `{"endpoint": {"enabled": false}}`,
		other: `{"endpoint": {"url": "http://theirs", "interface": "internal"}}`, want: []string{`"enabled": false`, `"http://theirs"`, `"internal"`}},
	"/v3/domains/{domain}": {path: "/v3/domains/default", body: `{"domain": {"name": "mine"}}`,
		other: `{"domain": {"description": "theirs", "tags": ["red"]}}`, want: []string{`"mine"`, `"theirs"`, `"red"`}},
	"/v3/projects/{project}": {path: "/v3/projects/" + serviceProject, body: `{"project": {"name": "mine"}}`,
		other: `{"project": {"enabled": false, "tags": ["red"]}}`, want: []string{`"mine"`, `"enabled": false`, `"red"`}},
	"/v3/users/{user}": {path: "/v3/users/" + glanceUser, body: `{"user": {"email": "mine"}}`,
		other: `{"user": {"enabled": false, "name": "theirs"}}`, want: []string{`"mine"`, `"enabled": false`, `"theirs"`}},
	"/v3/registered_limits/{limit}": {path: "/v3/registered_limits/", body: `{"registered_limit": {"default_limit": 7}}`,
		other: `{"registered_limit": {"description": "theirs"}}`, want: []string{`"default_limit": 7`, `"theirs"`}},
	"/v3/limits/{limit}": {path: "/v3/limits/", body: `{"limit": {"resource_limit": 7}}`,
		other: `{"limit": {"description": "theirs"}}`, want: []string{`"resource_limit": 7`, `"theirs"`}},
	"/v3/credentials/{credential}": {path: "/v3/credentials/c1", body: `{"credential": {"blob": "mine"}}`,
		otherDo: func(t *testing.T, c *cloud) {
			must[*identity.Credential](t)(c.svc.UpdateCredential("c1", func(cred *identity.Credential) { cred.ProjectID = serviceProject }))
		}, want: []string{`"mine"`, serviceProject}},
}

// bodyWith is a body; the first Read of the body calls meanwhile.
type bodyWith struct {
	io.Reader
	meanwhile func()
}

func (b *bodyWith) Read(p []byte) (int, error) {
	if f := b.meanwhile; f != nil {
		b.meanwhile = nil
		f()
	}
	return b.Reader.Read(p)
}

// TestPatchKeepsWhatOthersChange has somebody else change a row between the
// moment at which PATCH finds the row and the moment at which PATCH writes the
// row: while the body arrives.
func TestPatchKeepsWhatOthersChange(t *testing.T) {
	c := newCloud(t)
	c.grant(adminUser, identity.OnSystem, "", adminRole)
	admin := c.login("admin", onAdmin)
	must[*identity.Group](t)(c.svc.CreateGroup(identity.Group{ID: "g1", Name: "g1", DomainID: "default"}))
	must[*identity.Credential](t)(c.svc.CreateCredential(identity.Credential{ID: "c1", UserID: adminUser, Type: "cert", Blob: "x"}))
	registered := must[[]*identity.RegisteredLimit](t)(c.svc.CreateRegisteredLimits([]identity.RegisteredLimit{
		{ServiceID: fixtureCatalog[0][0], ResourceName: "things", DefaultLimit: 1}}))
	limits := must[[]*identity.Limit](t)(c.svc.CreateLimits([]identity.Limit{
		{ServiceID: fixtureCatalog[0][0], ResourceName: "things", ResourceLimit: 1, ProjectID: adminProject}}))
	made := map[string]string{"/v3/registered_limits/": registered[0].ID, "/v3/limits/": limits[0].ID}
	for _, r := range routes() {
		if r.method != "PATCH" {
			continue
		}
		t.Run(r.pattern, func(t *testing.T) {
			row, ok := patchRows[r.pattern]
			if !ok {
				t.Fatal("this PATCH has no row in the test")
			}
			row.path += made[row.path]
			body := &bodyWith{strings.NewReader(row.body), func() {
				if row.otherDo != nil {
					row.otherDo(t, c)
				} else if res := c.do("PATCH", row.path, row.other, "X-Auth-Token", admin); res.status != 200 {
					t.Fatalf("the other PATCH: %d %s", res.status, res.body)
				}
			}}
			req := &web.Request{Method: "PATCH", Path: row.path, Scheme: "http", Host: fixtureHost, Body: body, ContentLength: int64(len(row.body))}
			req.Header.Set("X-Auth-Token", admin)
			res, err := c.handler.Serve(req)
			if err != nil || res.Status != 200 {
				t.Fatalf("%v, %v", res, err)
			}
			shown := string(readAll(t, res))
			stored := c.do("GET", row.path, "", "X-Auth-Token", admin)
			for _, want := range row.want {
				if !strings.Contains(shown, want) || !strings.Contains(stored.body, want) {
					t.Errorf("%s is lost: the answer is %sand then the row is %s", want, shown, stored.body)
				}
			}
		})
	}
}

// TestPatchReadsTheRowUnderTheLock: patch applies the body to the row that the
// store hands to edit, and a body that does not fit that row changes nothing.
// TestPatchReadsTheRowUnderTheLock: patch applies the body to the row that the
// store hands to edit, and a body that does not fit that row changes nothing.
func TestPatchReadsTheRowUnderTheLock(t *testing.T) {
	type row struct{ a, b int }
	full := badRequest("full")
	stored := row{a: 1, b: 1}
	p := patch[row]{
		key: "row", id: "1",
		find: func(string) (*row, error) { r := stored; return &r, nil },
		read: func(_ object, r *row) error {
			if r.b == 3 {
				return full
			}
			r.a++
			return nil
		},
		update: func(_ string, edit func(*row)) (*row, error) {
			stored.b++ // somebody else is first
			edit(&stored)
			return &stored, nil
		},
		show: func(*row) pyjson.Object { return nil },
	}
	old := stored
	if got, err := p.apply(nil, &old); err != nil || *got != (row{2, 2}) || old != (row{1, 1}) {
		t.Errorf("%v, %v; the row that was found: %v", got, err, old)
	}
	old = stored
	if got, err := p.apply(nil, &old); err != full || got != nil || stored != (row{2, 3}) {
		t.Errorf("a body that does not fit any more: %v, %v; stored is %v", got, err, stored)
	}
}

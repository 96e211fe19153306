// SPDX-License-Identifier: Apache-2.0

package main

import (
	"errors"
	"net/http"
	"path/filepath"
	"testing"
	"time"

	"needletail/cmd/harness/testserver"

	"github.com/gophercloud/gophercloud/v2"
	"github.com/gophercloud/gophercloud/v2/openstack"
	"github.com/gophercloud/gophercloud/v2/openstack/identity/v3/applicationcredentials"
	keystonecreds "github.com/gophercloud/gophercloud/v2/openstack/identity/v3/credentials"
	"github.com/gophercloud/gophercloud/v2/openstack/identity/v3/domains"
	"github.com/gophercloud/gophercloud/v2/openstack/identity/v3/ec2credentials"
	"github.com/gophercloud/gophercloud/v2/openstack/identity/v3/ec2tokens"
	"github.com/gophercloud/gophercloud/v2/openstack/identity/v3/endpoints"
	"github.com/gophercloud/gophercloud/v2/openstack/identity/v3/groups"
	"github.com/gophercloud/gophercloud/v2/openstack/identity/v3/limits"
	"github.com/gophercloud/gophercloud/v2/openstack/identity/v3/osinherit"
	"github.com/gophercloud/gophercloud/v2/openstack/identity/v3/projects"
	"github.com/gophercloud/gophercloud/v2/openstack/identity/v3/regions"
	"github.com/gophercloud/gophercloud/v2/openstack/identity/v3/registeredlimits"
	"github.com/gophercloud/gophercloud/v2/openstack/identity/v3/roles"
	"github.com/gophercloud/gophercloud/v2/openstack/identity/v3/services"
	"github.com/gophercloud/gophercloud/v2/openstack/identity/v3/tokens"
	"github.com/gophercloud/gophercloud/v2/openstack/identity/v3/trusts"
	"github.com/gophercloud/gophercloud/v2/openstack/identity/v3/users"
	"github.com/gophercloud/gophercloud/v2/pagination"
)

// goCloud is a site seen with gophercloud, the Go SDK.
type goCloud struct {
	*testing.T
	*gophercloud.ServiceClient
	site     *testserver.Process
	password string
}

func newGoCloud(t *testing.T, args ...string) *goCloud {
	t.Helper()
	g := &goCloud{T: t, site: testserver.Start(t, filepath.Join(t.TempDir(), "data"), args...)}
	g.password = openrcPassword(t, g.site.Data)
	g.ServiceClient = g.login(gophercloud.AuthOptions{Username: "admin", Password: g.password, DomainID: "default",
		TenantName: "admin"})
	return g
}

// login gives an identity client; a failed login ends the test.
func (g *goCloud) login(o gophercloud.AuthOptions) *gophercloud.ServiceClient {
	g.Helper()
	o.IdentityEndpoint = g.site.URL + "/identity"
	provider, err := openstack.AuthenticatedClient(g.Context(), o)
	g.ok(err)
	client, err := openstack.NewIdentityV3(provider, gophercloud.EndpointOpts{})
	g.ok(err)
	return client
}

func (g *goCloud) ok(err error) {
	g.Helper()
	if err != nil {
		g.Fatal(err)
	}
}

// refused wants an answer of that status.
func (g *goCloud) refused(err error, status int) {
	g.Helper()
	var e gophercloud.ErrUnexpectedResponseCode
	if !errors.As(err, &e) || e.Actual != status {
		g.Errorf("got %v, want status %d", err, status)
	}
}

// must gives a value of the SDK's.
func mustGo[T any](g *goCloud) func(*T, error) *T {
	return func(v *T, err error) *T {
		g.Helper()
		g.ok(err)
		return v
	}
}

// rows reads a list and wants that many.
func rows[T any](g *goCloud, p pagination.Pager, extract func(pagination.Page) ([]T, error), want int) []T {
	g.Helper()
	page, err := p.AllPages(g.Context())
	g.ok(err)
	list, err := extract(page)
	g.ok(err)
	if want >= 0 && len(list) != want {
		g.Errorf("%d rows, want %d: %+v", len(list), want, list)
	}
	return list
}

func TestGophercloudUsersAndRoles(t *testing.T) {
	g := newGoCloud(t)
	ctx, sc := t.Context(), g.ServiceClient
	domain := mustGo[domains.Domain](g)(domains.Create(ctx, sc, domains.CreateOpts{Name: "d"}).Extract())
	parent := mustGo[projects.Project](g)(projects.Create(ctx, sc, projects.CreateOpts{Name: "parent", DomainID: domain.ID}).Extract())
	child := mustGo[projects.Project](g)(projects.Create(ctx, sc, projects.CreateOpts{Name: "child", ParentID: parent.ID,
		DomainID: domain.ID, Tags: []string{"one"}}).Extract())
	rows(g, projects.List(sc, projects.ListOpts{ParentID: parent.ID}), projects.ExtractProjects, 1)
	rows(g, projects.List(sc, projects.ListOpts{Tags: "one"}), projects.ExtractProjects, 1)
	_, err := projects.ModifyTags(ctx, sc, child.ID, projects.ModifyTagsOpts{Tags: []string{"a", "b"}}).Extract()
	g.ok(err)
	tags, err := projects.ListTags(ctx, sc, child.ID).Extract()
	g.ok(err)
	if len(tags.Tags) != 2 {
		t.Errorf("tags: %v", tags)
	}
	g.ok(projects.DeleteTags(ctx, sc, child.ID).ExtractErr())

	ann := mustGo[users.User](g)(users.Create(ctx, sc, users.CreateOpts{Name: "ann", DomainID: domain.ID, Password: "first-one",
		Options: map[users.Option]any{users.IgnorePasswordExpiry: true}, Extra: map[string]any{"email": "a@b"}}).Extract())
	if ann.Extra["email"] != "a@b" || ann.Options[string(users.IgnorePasswordExpiry)] != true {
		t.Errorf("created %+v", ann)
	}
	rows(g, users.List(sc, users.ListOpts{Filters: map[string]string{"name__contains": "nn"}}), users.ExtractUsers, 1)
	group := mustGo[groups.Group](g)(groups.Create(ctx, sc, groups.CreateOpts{Name: "g", DomainID: domain.ID}).Extract())
	g.ok(users.AddToGroup(ctx, sc, group.ID, ann.ID).ExtractErr())
	for _, want := range []bool{true, false} {
		in, err := users.IsMemberOfGroup(ctx, sc, group.ID, ann.ID).Extract()
		if g.ok(err); in != want {
			t.Errorf("is a member: %v, want %v", in, want)
		}
		rows(g, users.ListGroups(sc, ann.ID), groups.ExtractGroups, map[bool]int{true: 1}[want])
		g.ok(users.RemoveFromGroup(ctx, sc, group.ID, ann.ID).ExtractErr())
		if want {
			rows(g, users.ListInGroup(sc, group.ID, nil), users.ExtractUsers, 0)
			break
		}
	}
	g.ok(users.AddToGroup(ctx, sc, group.ID, ann.ID).ExtractErr())

	role := mustGo[roles.Role](g)(roles.Create(ctx, sc, roles.CreateOpts{Name: "worker"}).Extract())
	reader := rows(g, roles.List(sc, roles.ListOpts{Name: "reader"}), roles.ExtractRoles, 1)[0]
	mustGo[roles.RoleInferenceRule](g)(roles.CreateRoleInferenceRule(ctx, sc, role.ID, reader.ID).Extract())
	mustGo[roles.RoleInferenceRule](g)(roles.GetRoleInferenceRule(ctx, sc, role.ID, reader.ID).Extract())
	g.ok(roles.Assign(ctx, sc, role.ID, roles.AssignOpts{GroupID: group.ID, ProjectID: parent.ID}).ExtractErr())
	g.ok(osinherit.Assign(ctx, sc, reader.ID, osinherit.AssignOpts{UserID: ann.ID, DomainID: domain.ID}).ExtractErr())
	g.ok(osinherit.Validate(ctx, sc, reader.ID, osinherit.ValidateOpts{UserID: ann.ID, DomainID: domain.ID}).ExtractErr())
	g.ok(roles.Validate(ctx, sc, role.ID, roles.ValidateOpts{GroupID: group.ID, ProjectID: parent.ID}).Err)
	yes := true
	rows(g, roles.ListAssignments(sc, roles.ListAssignmentsOpts{UserID: ann.ID, Effective: &yes, IncludeNames: &yes}),
		roles.ExtractRoleAssignments, 4) // worker and reader on parent, reader inherited on both
	rows(g, users.ListProjects(sc, ann.ID), projects.ExtractProjects, 2)

	asAnn := g.login(gophercloud.AuthOptions{Username: "ann", Password: "first-one", DomainID: domain.ID, TenantID: child.ID})
	g.refused(users.Delete(ctx, asAnn, ann.ID).ExtractErr(), http.StatusForbidden)
	g.ok(users.ChangePassword(ctx, asAnn, ann.ID, users.ChangePasswordOpts{OriginalPassword: "first-one", Password: "second-one"}).ExtractErr())
	rows(g, projects.ListAvailable(g.login(gophercloud.AuthOptions{UserID: ann.ID, Password: "second-one"})), projects.ExtractProjects, 2)
	g.ok(osinherit.Unassign(ctx, sc, reader.ID, osinherit.UnassignOpts{UserID: ann.ID, DomainID: domain.ID}).ExtractErr())
	g.ok(roles.Unassign(ctx, sc, role.ID, roles.UnassignOpts{GroupID: group.ID, ProjectID: parent.ID}).ExtractErr())
	g.ok(roles.DeleteRoleInferenceRule(ctx, sc, role.ID, reader.ID).ExtractErr())

	g.refused(projects.Delete(ctx, sc, parent.ID).ExtractErr(), http.StatusForbidden)
	g.refused(domains.Delete(ctx, sc, domain.ID).ExtractErr(), http.StatusForbidden)
	no := false
	mustGo[domains.Domain](g)(domains.Update(ctx, sc, domain.ID, domains.UpdateOpts{Enabled: &no}).Extract())
	g.ok(domains.Delete(ctx, sc, domain.ID).ExtractErr())
	g.refused(users.Get(ctx, sc, ann.ID).Err, http.StatusNotFound)
	g.ok(roles.Delete(ctx, sc, role.ID).ExtractErr())
	g.site.Stop()
}

func TestGophercloudCatalogAndLimits(t *testing.T) {
	g := newGoCloud(t)
	ctx, sc := t.Context(), g.ServiceClient
	region := mustGo[regions.Region](g)(regions.Create(ctx, sc, regions.CreateOpts{ID: "r1", Description: "d"}).Extract())
	service := mustGo[services.Service](g)(services.Create(ctx, sc, services.CreateOpts{Type: "t", Extra: map[string]any{"name": "n"}}).Extract())
	endpoint := mustGo[endpoints.Endpoint](g)(endpoints.Create(ctx, sc, endpoints.CreateOpts{Availability: gophercloud.AvailabilityPublic,
		Name: "e", Region: region.ID, ServiceID: service.ID, URL: "http://h/%(tenant_id)s"}).Extract())
	rows(g, endpoints.List(sc, endpoints.ListOpts{ServiceID: service.ID}), endpoints.ExtractEndpoints, 1)
	rows(g, services.List(sc, services.ListOpts{ServiceType: "t"}), services.ExtractServices, 1)
	rows(g, regions.List(sc, nil), regions.ExtractRegions, 2)
	g.refused(regions.Delete(ctx, sc, region.ID).ExtractErr(), http.StatusForbidden)

	model, err := limits.GetEnforcementModel(ctx, sc).Extract()
	if g.ok(err); model.Name != "flat" {
		t.Errorf("model: %+v", model)
	}
	registered, err := registeredlimits.BatchCreate(ctx, sc, registeredlimits.BatchCreateOpts{
		{ServiceID: service.ID, RegionID: region.ID, ResourceName: "things", DefaultLimit: 10},
		{ServiceID: service.ID, ResourceName: "stuff", DefaultLimit: -1},
	}).Extract()
	g.ok(err)
	_, project := adminToken(t, g.site)
	made, err := limits.BatchCreate(ctx, sc, limits.BatchCreateOpts{{ServiceID: service.ID, RegionID: region.ID, ProjectID: project,
		ResourceName: "things", ResourceLimit: 5}}).Extract()
	g.ok(err)
	_, err = limits.BatchCreate(ctx, sc, limits.BatchCreateOpts{{ServiceID: service.ID, ProjectID: project, ResourceName: "none", ResourceLimit: 1}}).Extract()
	g.refused(err, http.StatusForbidden)
	seven := 7
	if l := mustGo[limits.Limit](g)(limits.Update(ctx, sc, made[0].ID, limits.UpdateOpts{ResourceLimit: &seven}).Extract()); l.ResourceLimit != 7 {
		t.Errorf("updated to %+v", l)
	}
	rows(g, limits.List(sc, limits.ListOpts{ResourceName: "things"}), limits.ExtractLimits, 1)
	rows(g, registeredlimits.List(sc, registeredlimits.ListOpts{ServiceID: service.ID}), registeredlimits.ExtractRegisteredLimits, 2)
	for _, r := range registered {
		err := registeredlimits.Delete(ctx, sc, r.ID).ExtractErr()
		if r.ResourceName == "things" {
			g.refused(err, http.StatusForbidden)
			g.ok(limits.Delete(ctx, sc, made[0].ID).ExtractErr())
			err = registeredlimits.Delete(ctx, sc, r.ID).ExtractErr()
		}
		g.ok(err)
	}
	g.ok(endpoints.Delete(ctx, sc, endpoint.ID).ExtractErr())
	g.ok(services.Delete(ctx, sc, service.ID).ExtractErr())
	g.ok(regions.Delete(ctx, sc, region.ID).ExtractErr())
	g.site.Stop()
}

func TestGophercloudTokensAndDelegation(t *testing.T) {
	g := newGoCloud(t)
	ctx, sc := t.Context(), g.ServiceClient
	own := g.Token()
	user := mustGo[tokens.User](g)(tokens.Get(ctx, sc, own).ExtractUser())
	project := mustGo[tokens.Project](g)(tokens.Get(ctx, sc, own).ExtractProject())

	app := mustGo[applicationcredentials.ApplicationCredential](g)(applicationcredentials.Create(ctx, sc, user.ID, applicationcredentials.CreateOpts{
		Name: "app", Roles: []applicationcredentials.Role{{Name: "reader"}},
		AccessRules: []applicationcredentials.AccessRule{{Path: "/v3/regions", Method: "GET", Service: "identity"}}}).Extract())
	asApp := g.login(gophercloud.AuthOptions{ApplicationCredentialID: app.ID, ApplicationCredentialSecret: app.Secret})
	rows(g, regions.List(asApp, nil), regions.ExtractRegions, 1)
	if _, err := users.Get(ctx, asApp, user.ID).Extract(); err == nil {
		t.Error("an access rule is not obeyed")
	}
	rules := rows(g, applicationcredentials.ListAccessRules(sc, user.ID), applicationcredentials.ExtractAccessRules, 1)
	g.refused(applicationcredentials.DeleteAccessRule(ctx, sc, user.ID, rules[0].ID).ExtractErr(), http.StatusForbidden)
	g.ok(applicationcredentials.Delete(ctx, sc, user.ID, app.ID).ExtractErr())
	g.ok(applicationcredentials.DeleteAccessRule(ctx, sc, user.ID, rules[0].ID).ExtractErr())

	bob := mustGo[users.User](g)(users.Create(ctx, sc, users.CreateOpts{Name: "bob", DomainID: "default", Password: "pw"}).Extract())
	soon := time.Now().Add(time.Hour)
	trust := mustGo[trusts.Trust](g)(trusts.Create(ctx, sc, trusts.CreateOpts{TrustorUserID: user.ID, TrusteeUserID: bob.ID, ProjectID: project.ID,
		Impersonation: true, ExpiresAt: &soon, RemainingUses: 2, Roles: []trusts.Role{{Name: "member"}}}).Extract())
	rows(g, trusts.List(sc, trusts.ListOpts{TrustorUserID: user.ID}), trusts.ExtractTrusts, 1)
	asTrustee := g.login(gophercloud.AuthOptions{UserID: bob.ID, Password: "pw", Scope: &gophercloud.AuthScope{TrustID: trust.ID}})
	if who := mustGo[tokens.User](g)(tokens.Get(ctx, asTrustee, asTrustee.Token()).ExtractUser()); who.ID != user.ID {
		t.Errorf("the trustee's token is of %+v", who)
	}
	g.ok(trusts.Delete(ctx, sc, trust.ID).ExtractErr())
	if valid, err := tokens.Validate(ctx, sc, asTrustee.Token()); valid || err != nil {
		t.Errorf("the token of a deleted trust: %v, %v", valid, err)
	}

	key := mustGo[ec2credentials.Credential](g)(ec2credentials.Create(ctx, sc, user.ID, ec2credentials.CreateOpts{TenantID: project.ID}).Extract())
	rows(g, ec2credentials.List(sc, user.ID), ec2credentials.ExtractCredentials, 1)
	mustGo[ec2credentials.Credential](g)(ec2credentials.Get(ctx, sc, user.ID, key.Access).Extract())
	rows(g, keystonecreds.List(sc, keystonecreds.ListOpts{Type: "ec2"}), keystonecreds.ExtractCredentials, 1)
	g.checkSignatures(key)
	g.ok(ec2credentials.Delete(ctx, sc, user.ID, key.Access).ExtractErr())

	second := g.login(gophercloud.AuthOptions{UserID: user.ID, Password: g.password, TenantID: project.ID})
	g.ok(tokens.Revoke(ctx, sc, second.Token()).Err)
	if valid, err := tokens.Validate(ctx, sc, second.Token()); valid || err != nil {
		t.Errorf("a revoked token: %v, %v", valid, err)
	}
	g.site.Stop()
}

// checkSignatures lets gophercloud sign as EC2 does, versions 2 and 4, and wants
// the facade to find the same; and to see a change.
func (g *goCloud) checkSignatures(key *ec2credentials.Credential) {
	g.Helper()
	now := time.Now().UTC()
	for name, o := range map[string]ec2tokens.AuthOptions{
		"v2": {Access: key.Access, Secret: key.Secret, Host: "h", Path: "/p", Verb: "GET",
			Params: map[string]string{"Action": "Test", "SignatureVersion": "2", "SignatureMethod": "HmacSHA256"}},
		"v4": {Access: key.Access, Secret: key.Secret, Host: "h", Path: "/p", Verb: "GET", Region: "r", Service: "ec2",
			Headers: map[string]string{"Host": "h", "X-Amz-SignedHeaders": "host"}, Params: map[string]string{"Action": "x~y"}, Timestamp: &now},
	} {
		for _, broken := range []bool{false, true} {
			body, err := o.ToTokenV3CreateMap(nil)
			g.ok(err)
			if broken {
				body["credentials"].(map[string]any)["path"] = "/other"
			}
			var out map[string]any
			res, err := g.Post(g.Context(), g.ServiceURL("ec2tokens"), body, &out, &gophercloud.RequestOpts{OkCodes: []int{200}})
			if broken {
				g.refused(err, http.StatusUnauthorized)
				continue
			}
			if err != nil || res.Header.Get("X-Subject-Token") == "" {
				g.Errorf("%s: %v %v", name, err, out)
			}
		}
	}
}

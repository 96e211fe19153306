// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"needletail/auth/identity"
	"needletail/cmd/harness/testserver"
	"needletail/objstore/datafolder"
	"needletail/objstore/engine"
)

// bootstrapRun runs the command with cheap hashes.
func bootstrapRun(t *testing.T, data string, args ...string) (string, error) {
	t.Helper()
	config := testserver.WriteConfig(t, "[identity]\npassword_hash_rounds = 4\n")
	var out bytes.Buffer
	cmd := newRootCommand()
	cmd.SetOut(&out)
	cmd.SetErr(&out)
	cmd.SetArgs(append([]string{"bootstrap", "--config", config, "--data", data}, args...))
	err := cmd.ExecuteContext(context.Background())
	return out.String(), err
}

// opened looks at the identities of a data folder.
func openedIdentities(t *testing.T, data string, look func(*identity.Service)) {
	t.Helper()
	cfg := defaultSettings()
	cfg.Data, cfg.Identity.PasswordHashRounds = data, 4
	ids, err := identity.Open(cfg.IdentityOptions())
	if err != nil {
		t.Fatal(err)
	}
	look(ids)
	if err := ids.Close(); err != nil {
		t.Fatal(err)
	}
}

func endpointURLs(ids *identity.Service) (urls []string) {
	for _, e := range ids.Endpoints(nil) {
		urls = append(urls, e.Interface+" "+e.URL)
	}
	slices.Sort(urls)
	return urls
}

func logIn(ids *identity.Service, user, password, project string) (*identity.Token, error) {
	domain := identity.DomainRef{ID: identity.DefaultDomainID}
	return ids.Authenticate(context.Background(), identity.Login{Methods: []string{identity.MethodPassword},
		User: identity.Ref{Name: user, Domain: domain}, Password: password,
		Scope: identity.Scope{Kind: identity.ScopeProject, Project: identity.Ref{Name: project, Domain: domain}}})
}

func TestBootstrapCommand(t *testing.T) {
	data := filepath.Join(t.TempDir(), "data")
	if _, err := bootstrapRun(t, data); !errors.Is(err, errUsage) || !strings.Contains(err.Error(), "OS_BOOTSTRAP_PASSWORD must be set") {
		t.Errorf("without a password: %v", err)
	}
	args := []string{"--bootstrap-username", "root", "--bootstrap-password", "one-secret", "--bootstrap-project-name", "ops",
		"--bootstrap-public-url", "http://keys:5000/v3", "--bootstrap-region-id", "R2", "--no-immutable-roles"}
	out, err := bootstrapRun(t, data, args...)
	if err != nil || strings.Contains(out, "one-secret") {
		t.Fatalf("%s, %v", out, err)
	}
	openrc, err := os.ReadFile(filepath.Join(data, openrcName))
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"OS_USERNAME='root'", "OS_PROJECT_NAME='ops'", "OS_PASSWORD='one-secret'", "OS_AUTH_URL='http://keys:5000/v3'", "OS_REGION_NAME='R2'"} {
		if !strings.Contains(string(openrc), want) {
			t.Errorf("openrc has no %s", want)
		}
	}
	var token string
	var urls []string
	openedIdentities(t, data, func(ids *identity.Service) {
		got, err := logIn(ids, "root", "one-secret", "ops")
		if err != nil || !got.HasRole("admin") || !got.HasRole("reader") || got.Roles[0].Immutable {
			t.Fatalf("%+v, %v", got, err)
		}
		token, urls = got.Text, endpointURLs(ids)
		if !slices.Contains(urls, "public http://keys:5000/v3") || !slices.Contains(urls, "internal http://127.0.0.1:8080/identity") {
			t.Errorf("endpoints %q", urls)
		}
	})

	// Again: nothing changes, and the tokens live on.
	if out, err := bootstrapRun(t, data, args...); err != nil {
		t.Fatal(out, err)
	}
	openedIdentities(t, data, func(ids *identity.Service) {
		if _, err := ids.Validate(context.Background(), token); err != nil {
			t.Error("a second run ended a token")
		}
		if got := endpointURLs(ids); !slices.Equal(got, urls) {
			t.Errorf("endpoints %q", got)
		}
		// What the operator deletes is theirs, what locks them out is not.
		for _, u := range ids.Users(func(u *identity.User) bool { return u.Name == "glance" }) {
			if err := ids.DeleteUser(u.ID); err != nil {
				t.Fatal(err)
			}
		}
		root := ids.Users(func(u *identity.User) bool { return u.Name == "root" })[0]
		if _, err := ids.UpdateUser(context.Background(), root.ID, func(u *identity.User) { u.Enabled = false }, nil); err != nil {
			t.Fatal(err)
		}
	})

	// Once more, from the environment, which goes before the command line.
	t.Setenv("OS_BOOTSTRAP_PASSWORD", "two-secret")
	t.Setenv("OS_BOOTSTRAP_PUBLIC_URL", "http://keys:5001/v3")
	if out, err := bootstrapRun(t, data, args...); err != nil || strings.Contains(out, "secret") {
		t.Fatal(out, err)
	}
	openedIdentities(t, data, func(ids *identity.Service) {
		if _, err := logIn(ids, "root", "two-secret", "ops"); err != nil {
			t.Error(err)
		}
		if _, err := logIn(ids, "root", "one-secret", "ops"); err == nil {
			t.Error("the old password opens")
		}
		if n := len(ids.Users(nil)); n != 2 {
			t.Errorf("%d users", n)
		}
		if err := ids.FollowPublicURL(identity.BootstrapOptions{PublicURL: "http://new", Region: "R2"}); err != nil {
			t.Error(err)
		}
		got := endpointURLs(ids)
		if !slices.Contains(got, "public http://keys:5001/v3") || !slices.Contains(got, "internal http://new/identity") || len(got) != len(urls) {
			t.Errorf("endpoints %q", got)
		}
	})
}

func TestBootstrapCommandBesideAServer(t *testing.T) {
	data := t.TempDir()
	e, err := engine.Open(data, engine.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close()
	if _, err := bootstrapRun(t, data, "--bootstrap-password", "x"); !errors.Is(err, datafolder.ErrLocked) {
		t.Errorf("%v", err)
	}
	config := testserver.WriteConfig(t, "[keystone]\nauth_url = \"http://k\"\nusername = \"u\"\npassword = \"p\"\nproject_name = \"p\"\n")
	if _, err := bootstrapRun(t, t.TempDir(), "--config", config, "--bootstrap-password", "x"); !errors.Is(err, errUsage) {
		t.Errorf("with an external Keystone: %v", err)
	}
}

// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"context"
	"errors"
	"path/filepath"
	"strings"
	"testing"

	"needletail/auth/identity"
	"needletail/cmd/harness/testserver"
)

const importLines = `{"id": "a1", "name": "ann", "domain_id": "default", "domain_name": "Default", "enabled": 1, "default_project_id": null, "password_hash": "$scrypt$ln=10,r=8,p=1$y7m3FmIM4ZyzVipFaG2tdQ$lLi7M+rmp5m3Ep82jDnE9PvN4Yx8ThqeIngFFA9YmG8", "extra": "{\"email\": \"ann@example\"}"}
{"id": "b1", "name": "bob", "domain_id": "d9", "domain_name": "Elsewhere", "enabled": true, "password_hash": "$6$L9EGQXDpxwvcf.2.$I/lqGNseSNGUjASebPdHbxertaDbPH0hKgPSDGMZq8OREDBCtomjsRFQ3KvXYdSfCw3gf6yOAGkwyv2/LDmRg0", "extra": null}
{"id": "c1", "name": "cyd", "domain_id": "d9", "domain_name": "Elsewhere", "enabled": false, "password_hash": null}
`

func importRun(t *testing.T, data, lines string) (string, error) {
	t.Helper()
	var out bytes.Buffer
	cmd := newRootCommand()
	cmd.SetOut(&out)
	cmd.SetErr(&out)
	cmd.SetIn(strings.NewReader(lines))
	cmd.SetArgs([]string{"import-users", "--config", testserver.WriteConfig(t, "[identity]\npassword_hash_rounds = 4\n"), "--data", data, "-"})
	err := cmd.ExecuteContext(context.Background())
	return out.String(), err
}

func TestImportUsers(t *testing.T) {
	data := filepath.Join(t.TempDir(), "data")
	if _, err := importRun(t, data, importLines); !errors.Is(err, errUsage) {
		t.Errorf("without a data folder: %v", err)
	}
	if out, err := bootstrapRun(t, data, "--bootstrap-password", "pw"); err != nil {
		t.Fatal(out, err)
	}
	for i, want := range []string{"3 users imported, 0 were there, 0 lines failed\n", "0 users imported, 3 were there, 0 lines failed\n"} {
		if out, err := importRun(t, data, importLines); out != want || err != nil {
			t.Errorf("run %d: %q, %v", i, out, err)
		}
	}
	bad := `{"id": "x", "name": "x", "domain_id": "default", "enabled": 1, "password_hash": "$scrypt$ln=30,r=8,p=1$a$b"}
{"id": "y", "name": "ann", "domain_id": "default", "enabled": 1}
{"id": "z", "name": "z", "domain_id": "default", "enabled": "yes"}
{"id": "z", "name": "z", "domain_id": "default", "enabled": 0, "extra": "no"}
nothing
`
	if out, err := importRun(t, data, bad); !errors.Is(err, errWarning) || strings.Count(out, "\nline ") != 4 ||
		!strings.Contains(out, "0 users imported, 0 were there, 5 lines failed") || strings.Contains(out, "ln=30") {
		t.Errorf("%s, %v", out, err)
	}
	line := func(n int) string { return `{"id": "` + strings.Repeat("x", n-10) + `"}` }
	if _, err := importRun(t, data, line(maxImportLine-1)); !errors.Is(err, errWarning) {
		t.Errorf("the longest line: %v", err)
	}
	if _, err := importRun(t, data, line(maxImportLine)); err == nil || errors.Is(err, errWarning) {
		t.Errorf("too long a line: %v", err)
	}
	openedIdentities(t, data, func(ids *identity.Service) {
		ann, err := ids.User("a1")
		if err != nil || ann.Extra["email"] != "ann@example" || !ann.Enabled {
			t.Errorf("%+v, %v", ann, err)
		}
		if d, err := ids.Domain("d9"); err != nil || d.Name != "Elsewhere" {
			t.Errorf("%+v, %v", d, err)
		}
		for user, works := range map[string]bool{"a1": true, "b1": true, "c1": false} {
			_, err := ids.Authenticate(context.Background(), identity.Login{Methods: []string{identity.MethodPassword},
				User: identity.Ref{ID: user}, Password: "secret", Scope: identity.Scope{Kind: identity.ScopeNone}})
			if (err == nil) != works {
				t.Errorf("%s: %v", user, err)
			}
		}
	})
}

func FuzzUserLine(f *testing.F) {
	for line := range strings.SplitSeq(importLines, "\n") {
		f.Add([]byte(line))
	}
	f.Fuzz(func(t *testing.T, line []byte) {
		u, domain, err := parseUserLine(line)
		if err != nil && !errors.Is(err, errLine) {
			t.Fatal(err)
		}
		if err == nil && (u.ID == "" || u.Name == "" || domain == "") {
			t.Fatalf("%q is %+v", line, u)
		}
	})
}

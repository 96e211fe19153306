// SPDX-License-Identifier: Apache-2.0

package keystone

import (
	"crypto/hmac"
	"crypto/sha1"
	"encoding/base32"
	"encoding/binary"
	"fmt"
	"regexp"
	"testing"
	"time"

	"needletail/auth/identity"
)

// codeNow is RFC 6238's code of a secret, written down once more.
func codeNow(secret []byte) string {
	h := hmac.New(sha1.New, secret)
	h.Write(binary.BigEndian.AppendUint64(nil, uint64(time.Now().Unix()/30)))
	sum := h.Sum(nil)
	at := sum[19] & 15
	return fmt.Sprintf("%06d", binary.BigEndian.Uint32(sum[at:at+4])&(1<<31-1)%1e6)
}

var receiptBody = regexp.MustCompile(`^\{"receipt": \{"methods": \["password"\], "user": \{"id": "u", "name": "u", ` +
	`"domain": \{"id": "default", "name": "Default"\}\}, "expires_at": "[0-9T:-]{19}\.000000Z", "issued_at": "[0-9T:-]{19}\.000000Z"\}, ` +
	`"required_auth_methods": \[\["password", "totp"\]\]\}$`)

func TestReceipts(t *testing.T) {
	c := openCloud(t, identity.Options{Methods: append(identity.DefaultMethods(), identity.MethodTOTP)})
	admin := c.login("admin", onAdmin)
	c.addUser("u", "u")
	c.grant("u", identity.OnProject, adminProject, memberRole)
	secret := []byte("twenty bytes of secret")
	c.as(admin, "POST", "/credentials", `{"credential": {"user_id": "u", "type": "totp", "blob": "`+base32.StdEncoding.EncodeToString(secret)+`"}}`, 201)
	c.wantBody(c.as(admin, "PATCH", "/users/u", `{"user": {"options": {"multi_factor_auth_enabled": true, "multi_factor_auth_rules": [["password", "totp"]]}}}`, 200),
		`"multi_factor_auth_rules": [["password", "totp"]]`)

	res := c.do("POST", "/v3/auth/tokens", loginBody("u", fixturePassword, onAdmin))
	receipt := res.header.Get("Openstack-Auth-Receipt")
	if res.status != 401 || receipt == "" || !receiptBody.MatchString(res.body) || res.header.Has("X-Subject-Token") ||
		res.header.Has("WWW-Authenticate") || res.header.Get("Content-Type") != jsonType {
		t.Errorf("one factor: %d %v %s", res.status, res.header, res.body)
	}
	totp := func(code, receipt string) reply {
		body := `{"auth": {"identity": {"methods": ["totp"], "totp": {"user": {"id": "u", "passcode": "` + code + `"}}}, "scope": ` + onAdmin + `}}`
		return c.do("POST", "/v3/auth/tokens", body, "Openstack-Auth-Receipt", receipt)
	}
	if res := totp(codeNow(secret), receipt); res.status != 201 {
		t.Errorf("with the receipt: %d %s", res.status, res.body)
	} else {
		c.wantBody(res, `"methods": ["totp", "password"]`)
		c.wantBody(c.as(res.header.Get("X-Subject-Token"), "GET", "/auth/projects", "", 200), adminProject)
	}
	if res := totp("abcdef", receipt); res.status != 401 || res.header.Has("Openstack-Auth-Receipt") {
		t.Errorf("a wrong code: %d %s", res.status, res.body)
	}
	if res := totp(codeNow(secret), "none"); res.status != 401 || !res.header.Has("WWW-Authenticate") {
		t.Errorf("no receipt: %d %s", res.status, res.body)
	} else {
		c.wantBody(res, `"message":"Could not find auth receipt: none."`)
	}
	for _, bad := range []string{`{"methods": ["totp"], "totp": {}}`, `{"methods": ["totp"], "totp": {"user": {"id": "u"}}}`,
		`{"methods": ["totp"], "totp": {"user": {"name": "u", "passcode": "1"}}}`, `{"methods": ["totp"], "totp": {"user": {"id": "u", "passcode": 1}}}`} {
		if res := c.do("POST", "/v3/auth/tokens", `{"auth": {"identity": `+bad+`}}`); res.status != 400 {
			t.Errorf("%s: %d", bad, res.status)
		}
	}
	for _, bad := range []string{`[[]]`, `["password"]`, `[["a", "a"]]`, `[["a"], ["a"]]`, `[[1]]`, `{}`} {
		c.as(admin, "PATCH", "/users/u", `{"user": {"options": {"multi_factor_auth_rules": `+bad+`}}}`, 400)
	}
	many := func(n int) string {
		rules := `["m"]`
		for i := 1; i < n; i++ {
			rules += fmt.Sprintf(`, ["m%d"]`, i)
		}
		return `{"user": {"options": {"multi_factor_auth_rules": [` + rules + `]}}}`
	}
	c.as(admin, "PATCH", "/users/u", many(maxRules), 200)
	c.as(admin, "PATCH", "/users/u", many(maxRules+1), 400)
	c.as(admin, "PATCH", "/users/u", `{"user": {"options": {"multi_factor_auth_rules": null}}}`, 200)
	c.login("u", onAdmin)
}

func TestLockedAccount(t *testing.T) {
	c := openCloud(t, identity.Options{LockoutAttempts: 2})
	c.addUser("u", "u")
	for range 2 {
		if res := c.do("POST", "/v3/auth/tokens", loginBody("u", "wrong", "")); res.status != 401 {
			t.Errorf("%d %s", res.status, res.body)
		} else {
			c.wantBody(res, `"message":"`+msgUnauthorized+`"`)
		}
	}
	res := c.do("POST", "/v3/auth/tokens", loginBody("u", fixturePassword, ""))
	if res.status != 401 || !res.header.Has("WWW-Authenticate") {
		t.Errorf("%d %s", res.status, res.body)
	}
	c.wantBody(res, `"message":"The account is locked for user: u."`)
	admin := c.login("admin", onAdmin)
	c.as(admin, "PATCH", "/users/u", `{"user": {"enabled": true}}`, 200)
	c.login("u", "")
}

// TestAllowExpired: a token is shown for 48 hours after its end to who asks for
// expired ones too.
func TestAllowExpired(t *testing.T) {
	now := time.Unix(1700000000, 0)
	c := openCloud(t, identity.Options{Clock: func() time.Time { return now }})
	subject := c.login("glance", onService)
	for _, step := range []struct {
		pass           time.Duration
		plain, lenient int
	}{
		{3*time.Hour - time.Second, 200, 200}, {time.Second, 404, 200}, {48*time.Hour - time.Second, 404, 200}, {time.Second, 404, 404},
	} {
		now = now.Add(step.pass)
		admin := c.login("admin", onAdmin)
		for query, want := range map[string]int{"": step.plain, "?allow_expired=1": step.lenient, "?allow_expired=0": step.plain} {
			if res := c.do("GET", "/v3/auth/tokens"+query, "", "X-Auth-Token", admin, "X-Subject-Token", subject); res.status != want {
				t.Errorf("at %s%s: %d, want %d", now, query, res.status, want)
			}
		}
	}
}

// SPDX-License-Identifier: Apache-2.0

package identity

import (
	"context"
	"crypto/hmac"
	"crypto/sha1"
	"crypto/subtle"
	"encoding/base32"
	"encoding/binary"
	"fmt"
	"strings"
	"time"

	"needletail/auth/loginguard"
)

// TypeTOTP is the type of a credential for passcodes. The blob is the secret
// in base32.
const TypeTOTP = "totp"

// A passcode is made by RFC 6238 with SHA-1, six digits and steps of 30 s. The
// passcode of the step before is accepted too (keystone/auth/plugins/totp.py,
// [totp] included_previous_windows).
const (
	totpStep     = 30 * time.Second
	totpPrevious = 1
)

// checkPasscode verifies the login method totp and returns the user. A wrong
// code counts as a failed login, as a wrong password does.
func (s *Service) checkPasscode(ctx context.Context, who Ref, code string) (*User, *loginguard.Attempt, error) {
	u := s.findUser(who)
	a, err := s.mayLogIn(ctx, who, u, func(func() error) (bool, error) { return u != nil && s.hasPasscode(u.ID, code), nil })
	return u, a, err
}

// hasPasscode reports whether code is a passcode of one of the user's TOTP
// credentials now or a step ago. All credentials are compared, each in
// constant time. Malformed secrets are ignored.
func (s *Service) hasPasscode(userID, code string) bool {
	var sealed []*Credential
	s.mu.RLock()
	for _, c := range s.credentials.rows {
		if c.UserID == userID && c.Type == TypeTOTP {
			sealed = append(sealed, c)
		}
	}
	s.mu.RUnlock()
	now, right := s.opt.Clock(), 0
	for _, c := range sealed {
		if c, err := s.opened(c); err == nil {
			for i := range totpPrevious + 1 {
				want, err := passcode(c.Blob, now.Add(-time.Duration(i)*totpStep))
				if err == nil {
					right |= subtle.ConstantTimeCompare([]byte(want), []byte(code))
				}
			}
		}
	}
	return right == 1
}

// passcode returns the six digits for a secret in base32, with or without
// padding, at a time. The error reports a malformed or empty secret and does
// not repeat the secret.
func passcode(secret string, at time.Time) (string, error) {
	key, err := base32.StdEncoding.WithPadding(base32.NoPadding).DecodeString(strings.TrimRight(secret, "="))
	if err != nil || len(key) == 0 {
		return "", fmt.Errorf("identity: a secret of type %s is base32", TypeTOTP)
	}
	h := hmac.New(sha1.New, key)
	h.Write(binary.BigEndian.AppendUint64(nil, uint64(at.Unix()/int64(totpStep/time.Second))))
	sum := h.Sum(nil)
	offset := sum[len(sum)-1] & 0x0f
	return fmt.Sprintf("%06d", binary.BigEndian.Uint32(sum[offset:])&0x7fffffff%1_000_000), nil
}

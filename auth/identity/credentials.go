// SPDX-License-Identifier: Apache-2.0

package identity

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"strconv"
)

// TypeEC2 is the type of a credential whose blob is an EC2Key.
const TypeEC2 = "ec2"

// Bounds on credentials, of a user's number of credentials and of a blob's
// bytes. Keystone's limit on the number ([credential] user_limit) is off by
// default; here users cannot fill the memory.
const (
	maxCredentials = 1000
	maxBlobBytes   = 64 << 10
)

// EC2Key is the blob of an EC2 credential, as JSON.
type EC2Key struct {
	Access string `json:"access"`
	Secret string `json:"secret"`
	// TrustID and AppCredID tie a key to a delegation in Keystone. Delegated
	// keys are not supported: a key with either field is refused as invalid.
	TrustID   string `json:"trust_id,omitempty"`
	AppCredID string `json:"app_cred_id,omitempty"`
}

// EC2CredentialID returns the ID of the credential with the access key:
// SHA-256 in hexadecimal, as in Keystone.
func EC2CredentialID(access string) string {
	sum := sha256.Sum256([]byte(access))
	return hex.EncodeToString(sum[:])
}

// CreateCredential stores c with a sealed copy of c.Blob and returns the row
// with the blob in clear. An EC2 credential always gets the ID of its access
// key; an empty ID of a different type is replaced by a new ID.
//
// The error is of KindInvalid for a malformed blob or a missing project, of
// KindNotFound for an unknown user, of KindForbidden beyond maxCredentials,
// and of KindConflict for a taken ID or access key.
func (s *Service) CreateCredential(c Credential) (*Credential, error) {
	if c.Type == TypeEC2 {
		key, err := parseEC2Key(c.Blob)
		if err != nil {
			return nil, err
		}
		c.ID = EC2CredentialID(key.Access)
	}
	c.ID = idOr(c.ID)
	shown := c
	return &shown, s.update(func(t *tx) error {
		if err := s.checkCredential(&c); err != nil {
			return err
		}
		n := 0
		for _, other := range s.credentials.rows {
			if other.UserID == c.UserID {
				n++
			}
		}
		if n >= maxCredentials {
			return &Error{Kind: KindForbidden, Op: "create", Entity: "credential",
				Detail: "Unable to create additional credentials, maximum of " +
					strconv.Itoa(maxCredentials) + " already exceeded for user."}
		}
		if err := free(s.credentials, "credential", "", c.ID, &c); err != nil {
			return err
		}
		c.Blob = s.credentialKeys.Seal([]byte(c.Blob))
		put(t, s.credentials, c.ID, &c)
		return nil
	})
}

// checkCredential checks a credential with the blob in clear. The project must
// exist if the credential names a project, and an EC2 credential must name a
// project. The caller holds writing.
func (s *Service) checkCredential(c *Credential) error {
	if len(c.Blob) > maxBlobBytes || len(c.Type) > maxNameChars || c.Type == "" {
		return invalid("credential", "the blob or the type is too long or empty")
	}
	if _, ok := s.users.rows[c.UserID]; !ok {
		return notFound("user", c.UserID)
	}
	if _, ok := s.projects.rows[c.ProjectID]; !ok && (c.ProjectID != "" || c.Type == TypeEC2) {
		return invalid("credential", "Expecting to find project_id in credential.")
	}
	return nil
}

// parseEC2Key reads the blob of an EC2 credential. The error is of KindInvalid
// for malformed JSON, a missing access key or a delegated key. Secret may be
// empty.
func parseEC2Key(blob string) (EC2Key, error) {
	var key EC2Key
	if err := json.Unmarshal([]byte(blob), &key); err != nil {
		return key, invalid("credential", "Invalid blob in credential")
	}
	switch {
	case key.Access == "":
		return key, invalid("credential", "Expecting to find access in credential.")
	case key.TrustID != "" || key.AppCredID != "":
		return key, invalid("credential", "Invalid blob in credential")
	}
	return key, nil
}

// opened returns a copy of c with the blob in clear. The error is of
// KindInternal if the credential keys do not open the blob.
func (s *Service) opened(c *Credential) (*Credential, error) {
	blob, err := s.credentialKeys.Open(c.Blob)
	if err != nil {
		return nil, &Error{Op: "open", Entity: "credential", Name: c.ID, Err: err}
	}
	shown := *c
	shown.Blob = string(blob)
	return &shown, nil
}

// Credential returns the credential with the given ID, with the blob in clear,
// or an error of KindNotFound.
func (s *Service) Credential(id string) (*Credential, error) {
	c, err := get(s, s.credentials, "credential", id)
	if err != nil {
		return nil, err
	}
	return s.opened(c)
}

// Credentials returns the credentials accepted by keep, sorted by ID, with the
// blobs in clear. A nil keep accepts all; keep sees sealed blobs. A blob sealed
// under a lost key fails the whole list.
func (s *Service) Credentials(keep func(*Credential) bool) ([]*Credential, error) {
	rows := list(s, s.credentials, keep)
	for i, c := range rows {
		var err error
		if rows[i], err = s.opened(c); err != nil {
			return nil, err
		}
	}
	return rows, nil
}

// UpdateCredential calls edit with a copy of the credential, with the blob in
// clear, stores the copy sealed, and returns the copy. The ID cannot change.
// The access key of an EC2 credential cannot change either, because the ID is
// made of the key; the secret can. Errors are of the kinds of
// CreateCredential, and of KindNotFound for an unknown ID.
func (s *Service) UpdateCredential(id string, edit func(*Credential)) (*Credential, error) {
	var shown Credential
	return &shown, s.update(func(t *tx) error {
		old, ok := s.credentials.rows[id]
		if !ok {
			return notFound("credential", id)
		}
		c, err := s.opened(old)
		if err != nil {
			return err
		}
		edit(c)
		c.ID = id
		if err := s.checkCredential(c); err != nil {
			return err
		}
		if c.Type == TypeEC2 || old.Type == TypeEC2 {
			if err := sameEC2Key(id, c); err != nil {
				return err
			}
		}
		shown = *c
		c.Blob = s.credentialKeys.Seal([]byte(c.Blob))
		put(t, s.credentials, id, c)
		return nil
	})
}

// sameEC2Key returns an error of KindInvalid unless c is an EC2 credential
// with the access key of the ID. A credential can thus neither become nor
// cease to be an EC2 key.
func sameEC2Key(id string, c *Credential) error {
	key, err := parseEC2Key(c.Blob)
	if err != nil {
		return err
	}
	if c.Type != TypeEC2 || EC2CredentialID(key.Access) != id {
		return invalid("credential", "access can not be updated for credential")
	}
	return nil
}

// DeleteCredential deletes a credential. The error is of KindNotFound for an
// unknown ID. Tokens issued for an EC2 key live on until they expire.
func (s *Service) DeleteCredential(id string) error {
	return s.update(func(t *tx) error {
		if _, ok := s.credentials.rows[id]; !ok {
			return notFound("credential", id)
		}
		drop(t, s.credentials, id)
		return nil
	})
}

// dropCredentials deletes the credentials accepted by match, as a part of t.
func (s *Service) dropCredentials(t *tx, match func(*Credential) bool) {
	for id, c := range s.credentials.rows {
		if match(c) {
			drop(t, s.credentials, id)
		}
	}
}

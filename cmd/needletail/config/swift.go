// SPDX-License-Identifier: Apache-2.0

package config

import (
	"errors"
	"fmt"

	"needletail/auth/signing"
)

// Swift has the options of Swift's proxy server, with Swift's names.
type Swift struct {
	// AccountAutocreate creates an account with the first write to the account.
	AccountAutocreate bool `toml:"account_autocreate"`
	// AllowAccountManagement lets reseller admins PUT and DELETE accounts.
	AllowAccountManagement bool `toml:"allow_account_management"`
	// AllowOpenExpired lets a request with "X-Open-Expired: true" read an
	// expired object, until the object is removed.
	AllowOpenExpired bool `toml:"allow_open_expired"`
	// StrictCORSMode gives CORS headers only to pages of origins in the
	// container's list.
	StrictCORSMode bool `toml:"strict_cors_mode"`
	// CORSAllowOrigin are the allowed origins of all containers.
	CORSAllowOrigin []string `toml:"cors_allow_origin"`
	// CORSExposeHeaders are the headers of all containers that pages may read.
	CORSExposeHeaders []string `toml:"cors_expose_headers"`
	// AllowedDigests are the digests that may sign temporary URLs and forms:
	// "sha1", "sha256", "sha512".
	AllowedDigests []string `toml:"allowed_digests"`
	// FullDiskStatus is the answer to an upload without room on the disks: 507,
	// or 413 with a glance-api in front. A glance-api passes 413 on to its
	// users, and turns every other status into 500.
	FullDiskStatus int `toml:"full_disk_status"`
}

func defaultSwift() Swift {
	return Swift{
		AccountAutocreate: true, StrictCORSMode: true,
		AllowedDigests: signing.DefaultDigests().Names(), FullDiskStatus: 507,
	}
}

func (s *Swift) validate() error {
	if _, err := signing.ParseDigests(s.AllowedDigests); err != nil {
		return fmt.Errorf("allowed_digests: %w", err)
	}
	if s.FullDiskStatus != 507 && s.FullDiskStatus != 413 {
		return errors.New("full_disk_status must be 507 or 413")
	}
	return nil
}

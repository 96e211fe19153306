// SPDX-License-Identifier: Apache-2.0

package config

import (
	"encoding/base64"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func rootSecretText(fill string) string {
	return base64.StdEncoding.EncodeToString([]byte(strings.Repeat(fill, 32)))
}

func TestClusterKeymaster(t *testing.T) {
	a, b := rootSecretText("a"), rootSecretText("b")
	file := filepath.Join(t.TempDir(), "keymaster.conf")
	require.NoError(t, os.WriteFile(file, []byte("[keymaster]\nactive_root_secret_id = x\nmeta_version_to_write = 3\n"+
		"encryption_root_secret = "+a+"\nencryption_root_secret_X = "+b+"\n"), 0o600))
	empty := filepath.Join(t.TempDir(), "empty.conf")
	require.NoError(t, os.WriteFile(empty, []byte("[keymaster]\n"), 0o600))
	odd := filepath.Join(t.TempDir(), "odd.conf")
	require.NoError(t, os.WriteFile(odd, []byte("[keymaster]\nencryption_root_secretX = SECRET\n"), 0o600))
	for _, c := range []struct {
		text, keys string
		writes     bool
		err        string
	}{
		{"", "no root secrets", false, ""},
		{fmt.Sprintf("encryption_root_secret = %q", a), `root secrets [""], active ""`, true, ""},
		{fmt.Sprintf("encryption_root_secret = %q\nencryption_root_secrets = { 2027 = %q }\nactive_root_secret_id = \"2027\"\nmeta_version_to_write = \"3\"", a, b),
			`root secrets ["" "2027"], active "2027"`, true, ""},
		{fmt.Sprintf("encryption_root_secret = %q\ndisable_encryption = true", a), `root secrets [""], active ""`, false, ""},
		{fmt.Sprintf("keymaster_config_path = %q", file), `root secrets ["" "x"], active "x"`, true, ""},
		{fmt.Sprintf("keymaster_config_path = %q\ndisable_encryption = true", file), `root secrets ["" "x"], active "x"`, false, ""},
		{fmt.Sprintf("keymaster_config_path = %q\nencryption_root_secret = %q", file, a), "", false, "contradict"},
		{fmt.Sprintf("keymaster_config_path = %q", file+"x"), "", false, "no such file"},
		{fmt.Sprintf("keymaster_config_path = %q", empty), "", false, "no encryption_root_secret"},
		{fmt.Sprintf("keymaster_config_path = %q", odd), "", false, "malformed name: encryption_root_secretx"},
		{fmt.Sprintf("encryption_root_secrets = { 2027 = %q }", b), "", false, "active id"},
		{fmt.Sprintf("encryption_root_secrets = { \"\" = %q }", b), "", false, "empty id"},
		{"encryption_root_secret = \"SECRET\"", "", false, "base64"},
		{fmt.Sprintf("encryption_root_secret = %q\nmeta_version_to_write = \"4\"", a), "", false, "versions"},
		{"active_root_secret_id = \"x\"", "", false, "active id"},
	} {
		cfg, err := Load(writeConfig(t, clusterTop+"[cluster.keymaster]\n"+c.text))
		if err == nil {
			err = cfg.Validate()
		}
		if err == nil {
			keys, bad := cfg.Cluster.Keymaster.Keys()
			if err = bad; err == nil {
				require.Equal(t, c.keys, keys.String(), c.text)
				require.Equal(t, c.writes, keys.Writes(), c.text)
			}
		}
		if c.err == "" {
			require.NoError(t, err, c.text)
			continue
		}
		require.ErrorIs(t, err, ErrUsage, c.text)
		require.ErrorContains(t, err, c.err, c.text)
		require.NotContains(t, err.Error(), "SECRET")
		require.NotContains(t, err.Error(), a)
	}
	c, err := Load(writeConfig(t, "[cluster.keymaster]\nencryption_root_secret = \"x\"\n"))
	if err == nil {
		err = c.Validate()
	}
	require.ErrorContains(t, err, "without swift_dir")
}

// The filters of a proxy-server.conf come over, with their secrets.
func TestFromSwiftProxyEncryption(t *testing.T) {
	a, b := rootSecretText("a"), rootSecretText("b")
	const top = "[app:proxy-server]\nuse = egg:swift#proxy\n[filter:tempauth]\nuser_a_b = c\n"
	conf := func(pipeline, more string) string {
		return writeProxyConf(t, "[DEFAULT]\n[pipeline:main]\npipeline = tempauth "+pipeline+" proxy-server\n"+top+more)
	}
	keymaster := "[filter:keymaster]\nuse = egg:swift#keymaster\nencryption_root_secret = " + a +
		"\nencryption_root_secret_New-1 = " + b + "\nactive_root_secret_id = New-1\nmeta_version_to_write = 3\nodd = SECRET\n"
	encryption := "[filter:encryption]\nuse = egg:swift#encryption\n"
	for _, disabled := range []bool{false, true} {
		c, notes, err := FromSwiftProxy(conf("keymaster encryption", keymaster+encryption+fmt.Sprintf("disable_encryption = %v\n", disabled)))
		require.NoError(t, err)
		require.Equal(t, []string{"[filter:keymaster] odd"}, notes)
		text, err := c.Text()
		require.NoError(t, err)
		again := loadCluster(t, text)
		for _, c := range []*Config{&c, &again} {
			require.Equal(t, ClusterKeymaster{EncryptionRootSecret: a, EncryptionRootSecrets: map[string]string{"New-1": b},
				ActiveRootSecretID: "New-1", MetaVersionToWrite: "3", DisableEncryption: disabled}, c.Cluster.Keymaster)
		}
	}
	c, _, err := FromSwiftProxy(conf("keymaster", keymaster))
	require.NoError(t, err)
	require.True(t, c.Cluster.Keymaster.DisableEncryption, "without the filter encryption Swift encrypts nothing")

	for pipeline, want := range map[string]string{
		"encryption":               "needs the filter keymaster",
		"kms_keymaster encryption": "key manager",
	} {
		_, _, err := FromSwiftProxy(conf(pipeline, encryption+"[filter:kms_keymaster]\nuse = egg:swift#kms_keymaster\n"))
		require.ErrorIs(t, err, ErrUsage)
		require.ErrorContains(t, err, want)
	}
	file := filepath.Join(t.TempDir(), "keymaster.conf")
	require.NoError(t, os.WriteFile(file, []byte("[keymaster]\nencryption_root_secret = "+a+"\n"), 0o600))
	c, _, err = FromSwiftProxy(conf("keymaster encryption", encryption+"[filter:keymaster]\nuse = egg:swift#keymaster\nkeymaster_config_path = "+file+"\n"))
	require.NoError(t, err)
	keys, err := c.Cluster.Keymaster.Keys()
	require.NoError(t, err)
	require.True(t, keys.Writes())
}

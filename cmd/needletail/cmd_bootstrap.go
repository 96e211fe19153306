// SPDX-License-Identifier: Apache-2.0

package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"needletail/auth/identity"
)

// bootstrapSettings are the options of `keystone-manage bootstrap`
// (keystone/cmd/cli.py). Each option may also stand in the environment, which
// goes before the command line.
type bootstrapSettings struct {
	username, password, project, role, service string
	adminURL, publicURL, internalURL, region   string
	mutableRoles                               bool
}

func (b *bootstrapSettings) options() []struct {
	to        *string
	flag, env string
	usage     string
} {
	return []struct {
		to        *string
		flag, env string
		usage     string
	}{
		{&b.username, "bootstrap-username", "OS_BOOTSTRAP_USERNAME", "`NAME` of the first user (default admin)"},
		{&b.password, "bootstrap-password", "OS_BOOTSTRAP_PASSWORD", "`PASSWORD` of that user"},
		{&b.project, "bootstrap-project-name", "OS_BOOTSTRAP_PROJECT_NAME", "`NAME` of the first project (default admin)"},
		{&b.role, "bootstrap-role-name", "OS_BOOTSTRAP_ROLE_NAME", "`NAME` of the user's role (default admin)"},
		{&b.service, "bootstrap-service-name", "OS_BOOTSTRAP_SERVICE_NAME", "`NAME` of the identity service (default keystone)"},
		{&b.adminURL, "bootstrap-admin-url", "OS_BOOTSTRAP_ADMIN_URL", "admin `URL` of the identity service"},
		{&b.publicURL, "bootstrap-public-url", "OS_BOOTSTRAP_PUBLIC_URL", "public `URL` of the identity service"},
		{&b.internalURL, "bootstrap-internal-url", "OS_BOOTSTRAP_INTERNAL_URL", "internal `URL` of the identity service"},
		{&b.region, "bootstrap-region-id", "OS_BOOTSTRAP_REGION_ID", "`ID` of the endpoints' region"},
	}
}

// readEnvironment takes the options that stand in the environment.
func (b *bootstrapSettings) readEnvironment() {
	for _, o := range b.options() {
		*o.to = cmp.Or(os.Getenv(o.env), *o.to)
	}
}

// apply returns the options of the identity store and the contents of openrc.
func (b *bootstrapSettings) apply(cfg settings) (identity.BootstrapOptions, credentials) {
	o := identity.BootstrapOptions{
		AdminPassword: b.password, PublicURL: cfg.PublicURL, Region: cmp.Or(b.region, cfg.Identity.Region),
		Username: b.username, Project: b.project, Role: b.role, ServiceName: b.service, MutableRoles: b.mutableRoles,
		IdentityURLs: map[string]string{},
	}
	for iface, url := range map[string]string{"admin": b.adminURL, "public": b.publicURL, "internal": b.internalURL} {
		if url != "" {
			o.IdentityURLs[iface] = url
		}
	}
	authURL := strings.TrimRight(cmp.Or(b.publicURL, cfg.PublicURL+"/identity"), "/")
	return o, credentials{
		AuthURL: strings.TrimSuffix(authURL, "/v3") + "/v3", Password: b.password, Region: o.Region,
		Username: cmp.Or(b.username, "admin"), Project: cmp.Or(b.project, "admin"),
	}
}

func newBootstrapCommand() *cobra.Command {
	var path, data string
	var settings bootstrapSettings
	var immutable, mutable, newIdentities, newKeys bool
	cmd := &cobra.Command{
		Use:   "bootstrap",
		Short: "Make the first user, project and roles, or bring them back with a new password",
		Long: "Does what `keystone-manage bootstrap` does, with its options and variables, while no server runs.\n" +
			"Run again it changes only what is missing or another: it is the way back in for an admin.\n\n" +
			"A server that has lost its identities or keys does not start. Without a backup,\n" +
			"--new-identities begins with new users and projects: accounts of the old ones stay, but\n" +
			"belong to nobody. --new-keys makes the keys anew: tokens end, and the secrets of EC2 and\n" +
			"other credentials cannot be read any more. What was there is kept beside, as NAME.old.N.",
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			cfg, err := loadStoreConfig(path, data)
			if err != nil {
				return err
			}
			settings.readEnvironment()
			settings.mutableRoles = mutable || !immutable
			if err := settings.check(cfg); err != nil {
				return err
			}
			if err := startAnew(cfg, newIdentities, newKeys, cmd.OutOrStdout()); err != nil {
				return err
			}
			return runBootstrap(cmd.Context(), cfg, settings, cmd.OutOrStdout())
		},
	}
	cmd.Flags().StringVar(&path, "config", "", "TOML `FILE` of the server")
	cmd.Flags().StringVar(&data, "data", "", "`DIR` of the server (default ./data)")
	for _, o := range settings.options() {
		cmd.Flags().StringVar(o.to, o.flag, "", o.usage+" ["+o.env+"]")
	}
	cmd.Flags().BoolVar(&newIdentities, "new-identities", false, "begin with new identities and keys")
	cmd.Flags().BoolVar(&newKeys, "new-keys", false, "begin with new keys for tokens and credentials")
	cmd.Flags().BoolVar(&immutable, "immutable-roles", true, "make the default roles immutable")
	cmd.Flags().BoolVar(&mutable, "no-immutable-roles", false, "leave the default roles mutable")
	return cmd
}

func (b *bootstrapSettings) check(cfg settings) error {
	switch {
	case cfg.Keystone.External():
		return fmt.Errorf("%w: keystone.auth_url names a Keystone of its own", errUsage)
	case b.password == "":
		return fmt.Errorf("%w: either --bootstrap-password argument or OS_BOOTSTRAP_PASSWORD must be set", errUsage)
	}
	return nil
}

func runBootstrap(ctx context.Context, cfg settings, settings bootstrapSettings, out io.Writer) (err error) {
	addr, err := net.ResolveTCPAddr("tcp", cfg.Listen)
	if err != nil {
		return fmt.Errorf("%w: configuration: listen: %w", errUsage, err)
	}
	cfg.SettlePublicURL(addr)
	ids, done, err := openIdentitiesAlone(cfg)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, done()) }()
	c, err := settings.bootstrap(ctx, cfg, ids)
	if err == nil {
		fmt.Fprintf(out, "user %s has project %s; how to log in is in %s\n", c.Username, c.Project, filepath.Join(cfg.Data, openrcName))
	}
	return err
}

// bootstrap makes what is missing. The password is on the disk, readable by the owner
// alone, before the user exists: a crash between the two steps loses no
// password.
func (b *bootstrapSettings) bootstrap(ctx context.Context, cfg settings, ids *identity.Service) (credentials, error) {
	options, c := b.apply(cfg)
	if err := c.write(cfg.Data); err != nil {
		return c, fmt.Errorf("bootstrap: %w", err)
	}
	if _, err := ids.Bootstrap(ctx, options); err != nil {
		return c, fmt.Errorf("bootstrap: %w", err)
	}
	return c, nil
}

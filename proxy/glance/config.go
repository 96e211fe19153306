// SPDX-License-Identifier: Apache-2.0

package glance

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"time"

	"needletail/auth"
	"needletail/auth/authtoken"
	"needletail/objstore"
	"needletail/proxy/glance/metadefs"
	"needletail/proxy/glance/tasks"
	"needletail/proxy/glance/webdownload"
	"needletail/proxy/web"
)

const (
	defaultContainer     = "glance"
	defaultMaxImageBytes = 1 << 40 // glance's image_size_cap
)

// Config configures New.
type Config struct {
	// Store keeps data and records. Required.
	Store objstore.Store
	// Validator tells the user of a token. Required.
	Validator auth.TokenValidator
	// ServiceTokenRoles are the roles of services that may send expired tokens of
	// their users; nil means authtoken.DefaultServiceRoles.
	// ServiceTokenRolesRequired ignores service tokens without the roles.
	ServiceTokenRoles         []string
	ServiceTokenRolesRequired bool
	// ServiceAccount holds the image data: "AUTH_" and the id of the project
	// "service". Required.
	ServiceAccount objstore.AccountName
	// Container holds the image data within ServiceAccount; "" means "glance".
	Container objstore.ContainerName
	// PublicURL is the URL in the version document, such as
	// "http://host:8080/image"; "" means the URL that the client used.
	PublicURL string
	// KeystoneURL is quoted in the WWW-Authenticate of a 401.
	KeystoneURL string
	// MaxImageBytes bounds the data of an image; 0 means 1 TiB.
	MaxImageBytes int64
	// ImportMethods are the ways to import; nil means Glance's default:
	// glance-direct, web-download and copy-image.
	ImportMethods []string
	// Fetcher fetches data for web-download; nil means a Fetcher with Glance's
	// default filter.
	Fetcher *webdownload.Fetcher
	// Limit tells how much a project may use; nil means no limits.
	Limit LimitFunc
	// AnyFormat accepts data of another format than disk_format says (Glance's
	// require_image_format_match, turned off). Unsafe data is refused anyway.
	AnyFormat bool
	// AnyPartitions accepts disks whose partition table breaks the rules (Glance's
	// gpt_safety_checks_nonfatal with "mbr").
	AnyPartitions bool
	// ShowMultipleLocations shows images' "locations", and lets an admin give data
	// that lies at an image's place to the image.
	ShowMultipleLocations bool
	// ShowImageDirectURL shows "direct_url".
	ShowImageDirectURL bool
	// SwiftReference is the name of the account in locations and direct URLs,
	// "swift+config://REFERENCE/…". The site's glance-api configures the same name;
	// "" means "ref1".
	SwiftReference string
	// Now is the clock; nil means time.Now.
	Now func() time.Time
	// Logger hears of records that cannot be read and of data that could not
	// be removed; nil means slog.Default.
	Logger *slog.Logger
}

// setDefaults fills absent fields, and refuses a Config without a required field.
func (c *Config) setDefaults() error {
	if c.Store == nil || c.Validator == nil || c.ServiceAccount == "" {
		return errors.New("glance: Store, Validator and ServiceAccount are required")
	}
	if c.MaxImageBytes < 0 {
		return errors.New("glance: MaxImageBytes is negative")
	}
	if c.ServiceTokenRoles == nil {
		c.ServiceTokenRoles = authtoken.DefaultServiceRoles()
	}
	if c.Container == "" {
		c.Container = defaultContainer
	}
	if c.SwiftReference == "" {
		c.SwiftReference = "ref1"
	}
	if c.MaxImageBytes == 0 {
		c.MaxImageBytes = defaultMaxImageBytes
	}
	if c.ImportMethods == nil {
		c.ImportMethods = []string{methodDirect, methodDownload, methodCopy}
	}
	if c.Fetcher == nil {
		c.Fetcher = webdownload.New(webdownload.DefaultFilter())
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.Logger == nil {
		c.Logger = slog.Default()
	}
	c.PublicURL = strings.TrimSuffix(c.PublicURL, "/")
	return nil
}

// service is the Handler.
type service struct {
	Config
	images    *catalog
	tasks     *tasks.Book
	metadefs  *metadefs.API
	downloads *downloads
}

// Handler serves the Image API. Close ends the work in the background and waits
// for the end; no request may follow.
type Handler interface {
	web.Handler
	Close() error
	// With returns the handler for requests with other settings. Both handlers
	// share the images, the tasks and the work in the background: Close of either
	// ends the work of both. Store, ServiceAccount, Container, Now and Logger stay
	// as they were at New.
	With(Config) (Handler, error)
}

// New loads the records and returns the handler. Images whose data was on its
// way when the server stopped become "queued", and deletions that the stop cut
// short are completed.
func New(cfg Config) (Handler, error) {
	if err := cfg.setDefaults(); err != nil {
		return nil, err
	}
	data := objstore.ContainerID{Account: cfg.ServiceAccount, Container: cfg.Container}
	images, err := openCatalog(context.Background(), cfg.Store, data, cfg.Logger)
	if err != nil {
		return nil, err
	}
	taskBook, err := tasks.Open(context.Background(), cfg.Store, cfg.Now, cfg.Logger)
	if err != nil {
		return nil, err
	}
	definitions, err := metadefs.Open(context.Background(), cfg.Store, cfg.Now, cfg.Logger)
	if err != nil {
		return nil, err
	}
	return &service{Config: cfg, images: images, tasks: taskBook, metadefs: definitions, downloads: newDownloads()}, nil
}

// With returns the service with other settings.
func (s *service) With(cfg Config) (Handler, error) {
	cfg.Store, cfg.ServiceAccount, cfg.Container, cfg.Now, cfg.Logger = s.Store, s.ServiceAccount, s.Container, s.Now, s.Logger
	if err := cfg.setDefaults(); err != nil {
		return nil, err
	}
	next := *s
	next.Config = cfg
	return &next, nil
}

// Close ends the downloads: their images are queued again.
func (s *service) Close() error {
	s.downloads.close()
	return nil
}

// nowMicros returns the time in microseconds since the Unix epoch.
func (s *service) nowMicros() int64 { return s.Now().UnixMicro() }

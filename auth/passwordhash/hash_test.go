// SPDX-License-Identifier: Apache-2.0

package passwordhash

import (
	"errors"
	"strings"
	"testing"
)

// vectors were made by passlib 1.7.4.
var vectors = []struct{ name, password, hash string }{
	{"bcrypt", "secret", "$2b$04$gXyzxK8.vBNZMPTNXGx99uVqqn7nt3gISmbPJd9bY9Lk2i8H/ABn."},
	{"bcrypt of 100 bytes", strings.Repeat("z", 100), "$2a$04$bjj0dI1QSZwgf4STJQDnRelhJgaCbLiqXSwa8RO79MgEo6n/HATcC"},
	{"bcrypt cut within a character", strings.Repeat("a", 71) + "é", "$2y$04$idfjEj289lPxYAczMyVPz.LlppuHZGb95d9MKL9RX13YoXhyDZv9G"},
	{"bcrypt_sha256", "secret", "$bcrypt-sha256$v=2,t=2b,r=4$2zd5d8TS438BRCb1nIKhOO$sfGiSO1iDuxyOnSGRbjC2bTCWXvv5ay"},
	{"bcrypt_sha256 version 1", "secret", "$bcrypt-sha256$2b,4$lgfVYUZt8CiPHQCGu5fPh.$/uM7NKh3uWQxMMpGo3sbDAZiJH0xzJ6"},
	{"scrypt", "secret", "$scrypt$ln=10,r=8,p=1$y7m3FmIM4ZyzVipFaG2tdQ$lLi7M+rmp5m3Ep82jDnE9PvN4Yx8ThqeIngFFA9YmG8"},
	{"scrypt with lanes", "pä€", "$scrypt$ln=4,r=1,p=2$IqTUeg9hrFU$Ns57/Oxc0W5Ob6xiLbiqAQeGguXRa5ANqYxeWwOg8Fc"},
	{"pbkdf2", "secret", "$pbkdf2-sha512$1000$AYCw1hojZExJidE6B.B8Dw$y7c9S05l506EM1FFigjE5EaQ6plg/o6rB/Gy0F2cF9POKRVj8XEBZL049VPGpoef8bVQx2cRYACVw8QzCI8w3Q"},
	{"pbkdf2 with a short salt", strings.Repeat("x", 100), "$pbkdf2-sha512$10$IeT8$AEo87cBIqPCUgK1KlIxvt1cMUxXF8cerTxo1.x2bij1QHntmu2jv3MoVonrNe5PjQzUjAC9PfkNjKEXPWNk5pw"},
	{"sha512_crypt", "secret", "$6$rounds=1000$wcmVepaEcFqnCXUx$5ayd6tt72UeZxsg0A/pU2Kdcw2ag6tMimycNfojrVf6lpWJ3IXYEnitg6.iwUWsXAtHVvLSMwLTs/.CCe1OhE."},
	{"sha512_crypt without rounds", "secret", "$6$L9EGQXDpxwvcf.2.$I/lqGNseSNGUjASebPdHbxertaDbPH0hKgPSDGMZq8OREDBCtomjsRFQ3KvXYdSfCw3gf6yOAGkwyv2/LDmRg0"},
	{"sha512_crypt of 130 bytes", strings.Repeat("y", 130), "$6$rounds=1234$myOlWJETsHiA9ppy$GdV3PxtOdUd0u5zRXsIBMepTe2cmVC7XUnGxWPnMKWenqk.KY93ykvUCGs7ehotjE1Mok.ZgYjCXvTaHB7qau/"},
	{"sha512_crypt without salt", "secret", "$6$rounds=1000$$ItXvd09GbF48UthMn1jgF27i.UiFK6lQrMQFgQ..At.nPPv1mKG8frk6rDmddXVUHVAV.2.X7lBqxtKoTwrXx0"},
}

func TestVectors(t *testing.T) {
	for _, v := range vectors {
		h, err := Parse(v.hash)
		if err != nil {
			t.Errorf("%s: %v", v.name, err)
			continue
		}
		if !h.Matches([]byte(v.password)) {
			t.Errorf("%s: the right password does not match", v.name)
		}
		if h.Matches([]byte("Secret")) || h.Matches(nil) {
			t.Errorf("%s: a wrong password matches", v.name)
		}
		if ours := strings.HasPrefix(v.hash, "$bcrypt-sha256$v=2"); (h.Cost == 4) != ours {
			t.Errorf("%s: cost %d", v.name, h.Cost)
		}
	}
}

// TestGenerate: what is made is verified by the library's bcrypt, and no byte of
// a password goes without saying.
func TestGenerate(t *testing.T) {
	for _, password := range []string{"secret", "", "pä€", strings.Repeat("x", 72), strings.Repeat("x", 100), "a\x00b", strings.Repeat("\xff", 4096)} {
		text, err := Generate([]byte(password), MinBcryptCost)
		if err != nil {
			t.Fatal(err)
		}
		h, err := Parse(text)
		if err != nil || h.Cost != MinBcryptCost || !h.Matches([]byte(password)) {
			t.Fatalf("%.20q: %s, %v", password, text, err)
		}
		for _, other := range []string{password + "y", password + "\x00" + password, password + "\x00", password[:len(password)/2] + "?"} {
			if other != password && h.Matches([]byte(other)) {
				t.Errorf("%.20q is taken for %.20q", other, password)
			}
		}
		again, err := Generate([]byte(password), MinBcryptCost)
		if err != nil || again == text {
			t.Errorf("%.20q has the same salt twice", password)
		}
	}
	for cost, ok := range map[int]bool{MinBcryptCost - 1: false, MinBcryptCost: true, MaxBcryptCost + 1: false} {
		if _, err := Generate([]byte("secret"), cost); (err == nil) != ok {
			t.Errorf("cost %d: %v", cost, err)
		}
	}
}

// TestLimits has each limit at N and at N+1; nothing is verified.
func TestLimits(t *testing.T) {
	const (
		salted    = "$IqTUeg9hrFU$"
		scryptEnd = salted + "Ns57/Oxc0W5Ob6xiLbiqAQeGguXRa5ANqYxeWwOg8Fc"
		pbkdf2End = "$IeT8$AEo87cBIqPCUgK1KlIxvt1cMUxXF8cerTxo1.x2bij1QHntmu2jv3MoVonrNe5PjQzUjAC9PfkNjKEXPWNk5pw"
		bcryptEnd = "$gXyzxK8.vBNZMPTNXGx99uVqqn7nt3gISmbPJd9bY9Lk2i8H/ABn."
		wrapped   = "$2zd5d8TS438BRCb1nIKhOO$sfGiSO1iDuxyOnSGRbjC2bTCWXvv5ay"
		cryptEnd  = "$abc$5ayd6tt72UeZxsg0A/pU2Kdcw2ag6tMimycNfojrVf6lpWJ3IXYEnitg6.iwUWsXAtHVvLSMwLTs/.CCe1OhE."
	)
	for text, want := range map[string]error{
		"$2b$16" + bcryptEnd: nil, "$2b$17" + bcryptEnd: ErrTooCostly, "$2b$03" + bcryptEnd: ErrUnsupported, "$2b$99" + bcryptEnd: ErrUnsupported,
		"$bcrypt-sha256$v=2,t=2b,r=16" + wrapped: nil, "$bcrypt-sha256$v=2,t=2b,r=17" + wrapped: ErrTooCostly,
		"$bcrypt-sha256$v=3,t=2b,r=12" + wrapped: ErrUnsupported, "$bcrypt-sha256$v=2,t=2x,r=12" + wrapped: ErrUnsupported,
		"$scrypt$ln=16,r=8,p=1" + scryptEnd: nil, "$scrypt$ln=17,r=8,p=1" + scryptEnd: ErrTooCostly, "$scrypt$ln=16,r=9,p=1" + scryptEnd: ErrTooCostly,
		"$scrypt$ln=16,r=8,p=8" + scryptEnd: nil, "$scrypt$ln=16,r=8,p=9" + scryptEnd: ErrTooCostly,
		"$scrypt$ln=4,r=1,p=16" + scryptEnd: nil, "$scrypt$ln=4,r=1,p=17" + scryptEnd: ErrTooCostly,
		"$scrypt$ln=63,r=8,p=1" + scryptEnd: ErrTooCostly, "$scrypt$ln=4,r=9223372036854775807,p=1" + scryptEnd: ErrTooCostly,
		"$scrypt$ln=0,r=8,p=1" + scryptEnd: ErrUnsupported, "$scrypt$ln=-1,r=8,p=1" + scryptEnd: ErrUnsupported, "$scrypt$r=8,ln=4,p=1" + scryptEnd: ErrUnsupported,
		"$pbkdf2-sha512$1000000" + pbkdf2End: nil, "$pbkdf2-sha512$1000001" + pbkdf2End: ErrTooCostly,
		"$pbkdf2-sha512$0" + pbkdf2End: ErrUnsupported, "$pbkdf2-sha512$010" + pbkdf2End: ErrUnsupported,
		"$6$rounds=1000000" + cryptEnd: nil, "$6$rounds=1000001" + cryptEnd: ErrTooCostly, "$6$rounds=999" + cryptEnd: ErrUnsupported,
		"": ErrUnsupported, "$": ErrUnsupported, "$2b$": ErrUnsupported, "plain": ErrUnsupported, "$1$abc$def": ErrUnsupported,
		"$6$" + strings.Repeat("s", 17) + cryptEnd[4:]: ErrUnsupported, "$scrypt$ln=4,r=1,p=2$a\nbc$" + scryptEnd: ErrUnsupported,
		"$pbkdf2-sha512$1$" + strings.Repeat("A", maxTextBytes): ErrUnsupported,
	} {
		if _, err := Parse(text); !errors.Is(err, want) || (err == nil) != (want == nil) {
			t.Errorf("%.60s: %v, want %v", text, err, want)
		}
	}
}

// TestCryptWork: a long password under many rounds is refused, not hashed.
func TestCryptWork(t *testing.T) {
	h, err := Parse("$6$rounds=1000000$abc$" + strings.Repeat(".", cryptSumText))
	if err != nil {
		t.Fatal(err)
	}
	if h.Matches(make([]byte, 4096)) {
		t.Error("matches")
	}
}

func FuzzParse(f *testing.F) {
	for _, v := range vectors {
		f.Add(v.hash)
	}
	f.Fuzz(func(t *testing.T, text string) {
		h, err := Parse(text)
		if err != nil {
			if !errors.Is(err, ErrUnsupported) && !errors.Is(err, ErrTooCostly) {
				t.Fatal(err)
			}
			return
		}
		if h.Cost != 0 && (h.Cost < MinBcryptCost || h.Cost > MaxBcryptCost) {
			t.Fatalf("cost %d", h.Cost)
		}
		// What it costs is in the limits; here only cheap ones are verified.
		if len(text) > 40 && (strings.HasPrefix(text, "$scrypt$ln=4,r=1,") || strings.HasPrefix(text, "$pbkdf2-sha512$10$")) {
			h.Matches([]byte(text))
		}
	})
}

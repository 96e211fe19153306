// SPDX-License-Identifier: Apache-2.0

package signing

import (
	"maps"
	"strings"
	"testing"
	"time"
)

// The secrets of the examples in Amazon's documentation, of S3 and of IAM.
const (
	exampleSecret    = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"
	exampleSecretIAM = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"
)

// TestAWSStringToSign has the examples of Amazon's documentation of S3.
func TestAWSStringToSign(t *testing.T) {
	for toSign, signature := range map[AWSStringToSign]string{
		"GET\n\n\nTue, 27 Mar 2007 19:36:42 +0000\n/awsexamplebucket1/photos/puppy.jpg": "qgk2+6Sv9/oM7G3qLEjTH1a1l1g=",
		"AWS4-HMAC-SHA256\n20130524T000000Z\n20130524/us-east-1/s3/aws4_request\n" +
			"7344ae5b7ee6c3e7e6b0fe0640412a37625d1fbfff95c48bbb2dc43964946972": "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41",
	} {
		if !toSign.SignedWith(exampleSecret, signature) {
			got, _ := toSign.sign(exampleSecret)
			t.Errorf("%q: %s, want %s", toSign, got, signature)
		}
		for what, signed := range map[string]bool{
			"another secret":             toSign.SignedWith("x", signature),
			"another text":               (toSign + "x").SignedWith(exampleSecret, signature),
			"a signature in upper case":  toSign.SignedWith(exampleSecret, strings.ToUpper(signature)),
			"a part of the signature":    toSign.SignedWith(exampleSecret, signature[1:]),
			"an empty signature":         toSign.SignedWith(exampleSecret, ""),
			"a signature with more text": toSign.SignedWith(exampleSecret, signature+"="),
		} {
			if signed {
				t.Errorf("%q, %s: signed", toSign, what)
			}
		}
	}
	for _, bad := range []AWSStringToSign{"AWS4", "AWS4-HMAC-SHA256\na\nb/c/ec2/aws4_request\nd", "AWS4-HMAC-SHA256\na\nb/c/s3/other\nd",
		"AWS4-HMAC-SHA256\na\nb/c/s3/aws4_request\nd\ne", "AWS4-HMAC-SHA512\na\nb/c/s3/aws4_request\nd"} {
		if signature, ok := bad.sign("x"); ok || bad.SignedWith("x", signature) {
			t.Errorf("%q has a signature", bad)
		}
	}
}

// exampleV2 is Amazon's example of a request that was signed with version 2.
func exampleV2() AWSRequest {
	return AWSRequest{Verb: "GET", Host: "elasticmapreduce.amazonaws.com", Path: "/",
		Signature: "i91nKc4PWAt0JJIdXwz9HxZCJDdiy6cf/Mj6vPxyYIs=",
		Params: map[string]string{"AWSAccessKeyId": "AKIAIOSFODNN7EXAMPLE", "Action": "DescribeJobFlows", "SignatureMethod": "HmacSHA256",
			"SignatureVersion": "2", "Timestamp": "2011-10-03T15:19:30", "Version": "2009-03-31"},
		Headers: map[string]string{}}
}

// exampleV4 is Amazon's example of a request that was signed with version 4.
func exampleV4() AWSRequest {
	return AWSRequest{Verb: "GET", Host: "iam.amazonaws.com", Path: "/",
		Signature: "5d672d79c15b13162d9279b0855cfba6789a8edb4c82c400e06b5924a6f2b5d7",
		BodyHash:  "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
		Params:    map[string]string{"Action": "ListUsers", "Version": "2010-05-08"},
		Headers: map[string]string{"content-type": "application/x-www-form-urlencoded; charset=utf-8", "host": "iam.amazonaws.com",
			"x-amz-date": "20150830T123600Z", "authorization": "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/iam/aws4_request, " +
				"SignedHeaders=content-type;host;x-amz-date, Signature=5d672d79c15b13162d9279b0855cfba6789a8edb4c82c400e06b5924a6f2b5d7"}}
}

// changed returns a copy of the request after edit.
func changed(r AWSRequest, edit func(*AWSRequest)) *AWSRequest {
	r.Params, r.Headers = maps.Clone(r.Params), maps.Clone(r.Headers)
	edit(&r)
	return &r
}

// TestAWSRequest changes each part of a signed request: the signature is right for
// the request as it was signed, and for nothing else.
func TestAWSRequest(t *testing.T) {
	for name, x := range map[string]struct {
		request AWSRequest
		secret  string
	}{"version 2": {exampleV2(), exampleSecret}, "version 4": {exampleV4(), exampleSecretIAM}} {
		f := func(what string, want bool, edit func(*AWSRequest)) {
			t.Helper()
			if got := changed(x.request, edit).SignedWith(x.secret); got != want {
				t.Errorf("%s, %s: %v", name, what, got)
			}
		}
		f("as signed", true, func(*AWSRequest) {})
		f("the signature among the parameters", true, func(r *AWSRequest) { r.Params["Signature"] = r.Signature })
		f("a port that was not signed", true, func(r *AWSRequest) { r.Host += ":443" })
		f("another verb", false, func(r *AWSRequest) { r.Verb = "PUT" })
		f("another host", false, func(r *AWSRequest) { r.Host, r.Headers["host"] = "x", "x" })
		f("another path", false, func(r *AWSRequest) { r.Path = "/x" })
		f("another parameter", false, func(r *AWSRequest) { r.Params["Action"] = "Delete" })
		f("a parameter more", false, func(r *AWSRequest) { r.Params["Other"] = "" })
		f("another signature", false, func(r *AWSRequest) { r.Signature = "x" })
		f("no signature", false, func(r *AWSRequest) { r.Signature = "" })
		if x.request.SignedWith("x") {
			t.Errorf("%s: another secret", name)
		}
	}
	for what, edit := range map[string]func(*AWSRequest){
		"another body":          func(r *AWSRequest) { r.BodyHash = "x" },
		"another signed header": func(r *AWSRequest) { r.Headers["content-type"] = "x" },
		"another time":          func(r *AWSRequest) { r.Headers["x-amz-date"] = "20150830T123601Z" },
		"a time of another day": func(r *AWSRequest) { r.Headers["x-amz-date"] = "20150831T123600Z" },
		"no time":               func(r *AWSRequest) { delete(r.Headers, "x-amz-date") },
		"a scope without an end": func(r *AWSRequest) {
			r.Headers["authorization"] = v4Algorithm + " Credential=AKIDEXAMPLE/20150830/us-east-1/iam"
		},
	} {
		if changed(exampleV4(), edit).SignedWith(exampleSecretIAM) {
			t.Errorf("version 4, %s: signed", what)
		}
	}
	for _, version := range []string{"", "0", "1", "3"} {
		if changed(exampleV2(), func(r *AWSRequest) { r.Params["SignatureVersion"] = version }).SignedWith(exampleSecret) {
			t.Errorf("version %q is signed", version)
		}
	}
}

func FuzzAWSRequest(f *testing.F) {
	f.Add("x", "h:1", "GET", "/", "2", "", "")
	f.Add("x", "h", "POST", "/", "", "AWS4-HMAC-SHA256 Credential=a/20200101/r/s/aws4_request, SignedHeaders=host;x, Signature=y", "20200101T000000Z")
	f.Fuzz(func(t *testing.T, signature, host, verb, path, version, authorization, date string) {
		r := AWSRequest{Signature: signature, Host: host, Verb: verb, Path: path, Params: map[string]string{"SignatureVersion": version, "a": date},
			Headers: map[string]string{"authorization": authorization, "x-amz-date": date}}
		AWSStringToSign(authorization).IsFresh(time.Unix(0, 0))
		r.IsFresh(time.Unix(0, 0))
		if r.SignedWith("secret") || AWSStringToSign(authorization).SignedWith("secret", signature) {
			t.Fatalf("%+v is signed", r)
		}
	})
}

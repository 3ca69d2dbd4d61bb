// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import Worker

/// The expectations are those that follow from kube-apiserver's requestinfo.go.
@Suite("RequestInfo")
struct RequestInfoTests {
    /// Everything as text: `verb prefix group version namespace resource subresource name parts`, `-` for what is empty.
    private func describe(_ method: HTTPMethod, _ target: String) -> String {
        let bytes = Array(target.utf8)
        let mark = bytes.firstIndex(of: UInt8(ascii: "?")) ?? bytes.count
        return CodecHarness.view(bytes) { view in
            let info = RequestInfo(
                method: method, path: ByteRange(from: 0, to: mark),
                query: ByteRange(from: min(mark + 1, bytes.count), to: bytes.count), in: view)
            let out = CodecHarness.written { writer in
                info.verb.write(of: view, into: &writer)
                if writer.position == 0 { writer.append("-") }
                for part in [
                    info.apiPrefix, info.apiGroup, info.apiVersion, info.namespace, info.resource, info.subresource,
                ] {
                    writer.append(" ")
                    if part.isEmpty { writer.append("-") }
                    PathText.write(part, of: view, into: &writer)
                }
                writer.append(" ")
                if info.name.isEmpty { writer.append("-") }
                if info.nameIsSelector {
                    PathText.write(selector: info.name, of: view, into: &writer)
                } else {
                    PathText.write(info.name, of: view, into: &writer)
                }
                writer.append(" ")
                if info.parts.isEmpty { writer.append("-") }
                PathText.write(info.parts, of: view, into: &writer)
                if !info.isResourceRequest { writer.append(" non-resource") }
                if info.isLongRunning { writer.append(" long") }
                if info.isInvalid { writer.append(" invalid") }
            }
            return CodecHarness.text(out.bytes)
        }
    }

    @Test(
        "Resources",
        arguments: [
            (HTTPMethod.get, "/api/v1/namespaces", "list api - v1 - namespaces - - namespaces"),
            (.get, "/api/v1/namespaces/n", "get api - v1 n namespaces - n namespaces/n"),
            (.get, "/api/v1/namespaces/n/pods", "list api - v1 n pods - - pods"),
            (.get, "/api/v1/namespaces/n/pods/p", "get api - v1 n pods - p pods/p"),
            (.head, "/api/v1/namespaces/n/pods/p", "get api - v1 n pods - p pods/p"),
            (.head, "/api/v1/pods", "list api - v1 - pods - - pods"),
            (.post, "/api/v1/namespaces/n/pods", "create api - v1 n pods - - pods"),
            (.put, "/api/v1/namespaces/n/pods/p", "update api - v1 n pods - p pods/p"),
            (.patch, "/api/v1/namespaces/n", "patch api - v1 n namespaces - n namespaces/n"),
            (.delete, "/api/v1/namespaces/n/pods/p", "delete api - v1 n pods - p pods/p"),
            (.delete, "/api/v1/nodes", "deletecollection api - v1 - nodes - - nodes"),
            (
                .delete, "/apis/apps/v1/namespaces/n/deployments",
                "deletecollection apis apps v1 n deployments - - deployments"
            ),
            (.options, "/api/v1/pods", "- api - v1 - pods - - pods"),
            (.put, "/api/v1/namespaces/n/finalize", "update api - v1 n namespaces finalize n namespaces/n/finalize"),
            (.put, "/api/v1/namespaces/n/status", "update api - v1 n namespaces status n namespaces/n/status"),
            (.get, "/api/v1/namespaces/n/pods/p/status", "get api - v1 n pods status p pods/p/status"),
            (.get, "/apis/batch/v1/jobs/j/scale", "get apis batch v1 - jobs scale j jobs/j/scale"),
            (.get, "/api/v1/namespaces/n/pods/p/log", "get api - v1 n pods log p pods/p/log long"),
            (.post, "/api/v1/namespaces/n/pods/p/exec?command=x", "create api - v1 n pods exec p pods/p/exec long"),
            (.get, "/api/v1/namespaces/n/pods/p/attach", "get api - v1 n pods attach p pods/p/attach long"),
            (
                .get, "/api/v1/namespaces/n/pods/p/portforward",
                "get api - v1 n pods portforward p pods/p/portforward long"
            ),
            (.get, "/api/v1/namespaces/n/pods/p/proxy/a/b", "get api - v1 n pods proxy p pods/p/proxy/a/b long"),
            (.get, "/api/v1/proxy/namespaces/n/pods/p/a/b", "proxy api - v1 n pods - p pods/p/a/b long"),
            (.get, "/api/v1/watch/pods", "watch api - v1 - pods - - pods long"),
            (.get, "/api/v1/watch/namespaces/n/pods/p", "watch api - v1 n pods - p pods/p long"),
            (.get, "/api/v1/watch", "get api - v1 - - - - - invalid"),
            (.get, "/api/v1/pods/", "list api - v1 - pods - - pods"),
            (.get, "//api/v1/pods//", "list api - v1 - pods - - pods"),
            (.get, "/api/v1/pods//log", "list api - v1 - pods log - pods//log long"),
            (.get, "/api//v1/pods", "get api - - - v1 - pods v1/pods"),
            (.get, "/api/v1/namespaces/n%2Fpods/p%2flog", "get api - v1 n pods log p pods/p/log long"),
            (.get, "/%61pi/v1/%77atch/pods", "watch api - v1 - pods - - pods long"),
            (.get, "/api/v1/pods/a%20b+c", "get api - v1 - pods - a b+c pods/a b+c"),
        ])
    func resources(_ method: HTTPMethod, _ target: String, _ expected: String) {
        #expect(describe(method, target) == expected)
    }

    @Test(
        "Not for a resource",
        arguments: [
            (HTTPMethod.get, "/", "get"), (.get, "", "get"), (.post, "/version", "post"), (.get, "/api", "get"),
            (.get, "/api/v1", "get"), (.get, "/api/v1/", "get"), (.get, "/healthz/a/b/c", "get"),
            (.delete, "/x/y/z", "delete"),
        ])
    func others(_ method: HTTPMethod, _ target: String, _ verb: String) {
        #expect(describe(method, target) == "\(verb) - - - - - - - - non-resource")
    }

    @Test("Not for a resource, but with the prefix", arguments: ["/apis/apps/v1", "/apis/apps/v1/"])
    func groups(_ target: String) {
        #expect(describe(.get, target) == "get apis - - - - - - - non-resource")
    }

    @Test("The profiler has no deadline")
    func profiler() {
        #expect(describe(.get, "/debug/pprof/profile").hasSuffix("non-resource long"))
        #expect(!describe(.get, "/debug/pprof").hasSuffix("long"))
    }

    @Test(
        "Watches",
        arguments: [
            ("watch=true", "watch"), ("watch=1", "watch"), ("watch=", "watch"), ("watch", "watch"),
            ("watch=x", "watch"),
            ("watch=false", "list"), ("watch=FALSE", "list"), ("watch=0", "list"), ("watch=%30", "list"), ("", "list"),
            ("Watch=true", "list"), ("%77atch=true", "watch"), ("watch=false&watch=true", "list"),
            ("a=b&watch=true", "watch"),
            ("watch=true&limit=x", "watch"), ("watch=true;a", "list"), ("a;watch=true", "list"),
            ("watch=falsee", "watch"),
        ])
    func watches(_ query: String, _ verb: String) {
        #expect(describe(.get, "/api/v1/pods?\(query)").hasPrefix("\(verb) "))
        #expect(describe(.get, "/api/v1/pods/p?\(query)").hasPrefix("get "))
        #expect(describe(.post, "/api/v1/pods?\(query)").hasPrefix("create "))
    }

    @Test(
        "Names in field selectors",
        arguments: [
            ("fieldSelector=metadata.name=a", "a"), ("fieldSelector=metadata.name%3Da", "a"),
            ("fieldSelector=metadata.name==a", "a"),
            ("fieldSelector=metadata.name!=a", "-"), ("fieldSelector=spec.x=b,metadata.name=a", "a"),
            ("fieldSelector=metadata.name=a,foo", "-"), ("fieldSelector=metadata.name=a&limit=x", "-"),
            ("fieldSelector=metadata.name=a&limit=5&timeoutSeconds=-1", "a"),
            ("fieldSelector=metadata.name=a&timeoutSeconds=", "-"),
            ("fieldSelector=metadata.name=b,metadata.name=a", "a"), ("fieldSelector=metadata.name=", "-"),
            ("fieldSelector=metadata.name=..", "-"), ("fieldSelector=metadata.name=a%2Fb", "-"),
            ("fieldSelector=", "-"),
            ("fieldSelector=metadata.name=a%5C%2Cb", "a,b"), ("fieldSelector=metadata.name=a%5C", "-"),
            ("fieldSelector=metadata.name=a+b", "a b"), ("fieldSelector=xmetadata.name=a", "-"),
            ("fieldSelector=,,metadata.name=a,", "a"),
            ("fieldSelector=metadata.nam=a", "-"), ("fieldSelector=metadata.name=a=b", "-"),
        ])
    func selectors(_ query: String, _ name: String) {
        let words = describe(.get, "/api/v1/pods?\(query)")
        #expect(words == "list api - v1 - pods - \(name) pods")
        let deletion = describe(.delete, "/api/v1/pods?\(query)")
        #expect(deletion == "deletecollection api - v1 - pods - - pods")
    }

    @Test(
        "Streams, which a drain may end: watches and followed logs, nothing else",
        arguments: [
            ("/api/v1/pods?watch=true", true), ("/api/v1/watch/pods", true), ("/api/v1/pods?watch=false", false),
            ("/apis/apps/v1/deployments?watch=1&limit=5", true), ("/api/v1/namespaces/a/pods/b/log?follow=true", true),
            ("/api/v1/namespaces/a/pods/b/log?tailLines=5&follow=1", true),
            ("/api/v1/namespaces/a/pods/b/log", false), ("/api/v1/namespaces/a/pods/b/log?follow=false", false),
            ("/api/v1/namespaces/a/pods/b/log?follow=0", false), ("/api/v1/namespaces/a/pods/b/exec?follow=true", false),
            ("/api/v1/namespaces/a/services/b/proxy/x?watch=true", false), ("/api/v1/pods", false),
            ("/api/v1/namespaces/a/pods/log?follow=true", false), ("/debug/pprof/profile?follow=true", false),
        ])
    func streams(target: String, isStream: Bool) {
        let bytes = Array(target.utf8)
        let mark = bytes.firstIndex(of: UInt8(ascii: "?")) ?? bytes.count
        CodecHarness.view(bytes) { view in
            let info = RequestInfo(
                method: .get, path: ByteRange(from: 0, to: mark),
                query: ByteRange(from: min(mark + 1, bytes.count), to: bytes.count), in: view)
            #expect(info.isStream == isStream)
            #expect(!isStream || info.isLongRunning)
        }
    }
}

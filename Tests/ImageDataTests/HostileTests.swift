import Foundation
import Testing

@testable import ImageData

/// The table of bad and odd inputs beside the development data, case by case.
@Suite(.enabled(if: SharedData.isPresent), .timeLimit(.minutes(10)))
struct HostileTests {
    struct Case: Sendable, CustomTestStringConvertible {
        let path: String
        let verdict: String
        let width: Int?
        let height: Int?

        var testDescription: String { path }
        var fullPath: String { HostileTests.root + "/" + path }
    }

    static let root = SharedData.root + "/hostile"

    static let cases: [Case] = {
        guard let table = try? String(contentsOfFile: root + "/EXPECT.tsv", encoding: .utf8) else {
            return []
        }
        return table.split(whereSeparator: \.isNewline).dropFirst().map { line in
            let columns = line.split(separator: "\t", omittingEmptySubsequences: false).map(String.init)
            return Case(
                path: columns[0], verdict: columns[1], width: Int(columns[2]), height: Int(columns[3]))
        }
    }()

    static func cases(_ folder: String) -> [Case] { cases.filter { $0.path.hasPrefix(folder) } }

    /// What is done with each input whose verdict is "either".
    static let choices = [
        "jpeg/ok_cmyk_adobe.JPEG": "accept", "jpeg/ok_cmyk_no_adobe.JPEG": "accept",
        "jpeg/bad_truncated_last2.JPEG": "reject", "jpeg/bad_wide_header.JPEG": "reject",
        "jpeg/bad_larger_header.JPEG": "reject", "jpeg/bad_segment_length0.JPEG": "reject",
        "jpeg/bad_no_dht.JPEG": "accept", "cifar100/bad_coarse_of_other_class.bin": "accept",
        "tiny-imagenet-bad/val/variants/ok_bom.txt": "accept",
        "tiny-imagenet-bad/val/variants/bad_box.txt": "accept", "imagefolder-bad/train": "reject",
    ]

    /// Compares what happened with the verdict, or with our choice where both are allowed.
    func expect(_ error: String?, _ test: Case) {
        let wanted = test.verdict == "either" ? Self.choices[test.path] : test.verdict
        #expect((error == nil ? "accept" : "reject") == wanted, "\(test.path): \(error ?? "accepted")")
        if let error {
            #expect(error.contains(test.path.split(separator: "/").last!), "\(error) does not name the file")
            #expect(!error.contains("\n") && error.count < 1500)
        }
    }

    @Test(arguments: cases("jpeg/"))
    func jpeg(_ test: Case) throws {
        let decoder = try JpegDecoder()
        expect(
            try dataError {
                let image = try decoder.decode(path: test.fullPath)
                if let width = test.width { #expect(image.width == width) }
                if let height = test.height { #expect(image.height == height) }
            }, test)
    }

    @Test(arguments: cases("cifar"))
    func cifar(_ test: Case) throws {
        var records = CifarRecords(test.path.hasPrefix("cifar100") ? .cifar100 : .cifar10)
        expect(try dataError { try records.append(file: test.fullPath) }, test)
        if test.path.contains("ok_") { #expect(records.labels.count == 10) }
    }

    @Test(arguments: cases("tiny-imagenet-bad/"))
    func tinyImageNet(_ test: Case) throws {
        if test.path.contains("wnids_variants") {
            var count = 2
            expect(try dataError { count = try TinyImageNetLayout.classes(test.fullPath).count }, test)
            #expect(count == 2)
        } else if test.path.contains("val/variants") {
            var count = 6
            expect(try dataError { count = try TinyImageNetLayout.annotations(test.fullPath).count }, test)
            #expect(count == (test.path.hasSuffix("bad_box.txt") ? 3 : 6))
        }
    }

    @Test func wholeTinyImageNet() throws {
        let error = try #require(try openingError(.tinyImageNet, Self.root + "/tiny-imagenet-bad"))
        for name in ["n03854065", "n99999999", "val_77777.JPEG", "n00000000", "val_99999.JPEG"] {
            #expect(error.contains(name), "\(error) does not name \(name)")
        }
    }

    @Test func imageFolder() throws {
        let error = try #require(try openingError(.imageFolder, Self.root + "/imagefolder-bad"))
        for name in ["n77777777_not_in_train", "n00000000_empty_class", "n00000001_only_text"] {
            #expect(error.contains(name), "\(error) does not name \(name)")
        }
        let empty = try #require(try openingError(.imageFolder, Self.root + "/imagefolder-bad/empty_root"))
        #expect(empty.contains("empty_root/train: no such folder"))
    }
}

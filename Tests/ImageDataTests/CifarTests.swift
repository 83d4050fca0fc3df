import Foundation
import Testing

@testable import ImageData

struct CifarTests {
    /// `count` records; record i has label i mod the bound, and its pixels count up from i.
    static func records(_ layout: CifarLayout, _ count: Int) -> [UInt8] {
        (0..<count).flatMap { record in
            layout.labelBounds.map { UInt8(record % $0) }
                + (0..<CifarLayout.pixelBytes).map { UInt8(truncatingIfNeeded: record + $0) }
        }
    }

    static func folder(train: [UInt8], test: [UInt8]) throws -> TemporaryFolder {
        let folder = try TemporaryFolder()
        try folder.write("data_batch_1.bin", train)
        try folder.write("test_batch.bin", test)
        return folder
    }

    @Test func readsCifar10() throws {
        let folder = try TemporaryFolder()
        try folder.write("data_batch_2.bin", Self.records(.cifar10, 3))
        try folder.write("data_batch_10.bin", Self.records(.cifar10, 1))
        try folder.write("data_batch_1.bin", Self.records(.cifar10, 12))
        try folder.write("test_batch.bin", Self.records(.cifar10, 2))
        let sets = try openImageSets(DataOptions(format: .cifar10, path: folder.path))
        #expect(sets.train.count == 16 && sets.test.count == 2)
        #expect(sets.train.classNames.count == 10 && sets.train.classNames[6] == "frog")
        #expect((0..<16).map(sets.train.label) == Array(0..<10) + [0, 1, 0, 1, 2, 0])
        #expect(sets.train.imageShape == (3, 32, 32))
        let image = try sets.train.image(11)
        // Pixel (row 1, column 2), green: byte 1024 + 34 of the record's pixels.
        let byte = Double((11 + 1024 + 34) % 256)
        #expect(abs(Double(image[3 * 34 + 1]) - (byte / 255 - 0.4822) / 0.2435) < 1e-6)
    }

    @Test func readsCifar100InItsOwnFolder() throws {
        let folder = try TemporaryFolder()
        try folder.write("cifar-100-binary/train.bin", Self.records(.cifar100, 21))
        try folder.write("cifar-100-binary/test.bin", Self.records(.cifar100, 1))
        let sets = try openImageSets(DataOptions(format: .cifar100, path: folder.path))
        #expect(sets.train.count == 21 && sets.train.label(20) == 20)
        #expect(sets.train.classNames.count == 100 && sets.train.classNames == sets.train.classNames.sorted())
    }

    /// An augmented image is a window of the padded one, perhaps mirrored.
    @Test func augmentsByPaddedCropAndFlip() throws {
        let folder = try Self.folder(train: Self.records(.cifar10, 1), test: Self.records(.cifar10, 1))
        let train = try openImageSets(DataOptions(format: .cifar10, path: folder.path)).train
        let plain = try train.image(0)
        let black = Normalization(.cifar10).table
        for epoch in 0..<20 {
            let draw = Augmentation.Draw(seed: 1, epoch: epoch, sample: 0)
            let image = try train.image(0, draw)
            let offset = draw.cropOffset(choices: 9)
            for (row, column) in [(0, 0), (0, 31), (31, 0), (31, 31), (7, 13), (3, 28)] {
                let x = offset.x - 4 + (draw.flips ? 31 - column : column)
                let y = offset.y - 4 + row
                let isInside = (0..<32).contains(x) && (0..<32).contains(y)
                for channel in 0..<3 {
                    let expected = isInside ? plain[3 * (32 * y + x) + channel] : black[256 * channel]
                    #expect(image[3 * (32 * row + column) + channel] == expected)
                }
            }
        }
    }

    @Test func fingerprintTellsSetsApart() throws {
        func fingerprint(_ train: [UInt8]) throws -> String {
            let folder = try Self.folder(train: train, test: Self.records(.cifar10, 2))
            return try openImageSets(DataOptions(format: .cifar10, path: folder.path)).train.fingerprint
        }
        var relabelled = Self.records(.cifar10, 5)
        relabelled[0] = 9
        let base = try fingerprint(Self.records(.cifar10, 5))
        #expect(base.count == 64)
        #expect(try fingerprint(Self.records(.cifar10, 5)) == base)
        #expect(try fingerprint(Self.records(.cifar10, 6)) != base)
        #expect(try fingerprint(relabelled) != base)
    }

    struct Fault: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let bytes: [UInt8]
        let expected: String
    }

    static let faults = [
        Fault(testDescription: "empty", bytes: [], expected: "data_batch_1.bin: is empty"),
        Fault(
            testDescription: "short", bytes: records(.cifar10, 2).dropLast(),
            expected: "has 6145 bytes, which is not a multiple"),
        Fault(testDescription: "gzip", bytes: [0x1F, 0x8B, 8, 0], expected: "is gzip data"),
        Fault(testDescription: "pickle", bytes: [0x80, 4, 0x95], expected: "is a Python pickle"),
        Fault(testDescription: "zip", bytes: [0x50, 0x4B, 3, 4], expected: "is a zip archive"),
        Fault(
            testDescription: "label", bytes: records(.cifar10, 2) + [10] + records(.cifar10, 1).dropFirst(),
            expected: "data_batch_1.bin, record 2: label 10 is out of range 0...9"),
    ]

    @Test(arguments: faults)
    func refusesFaults(_ fault: Fault) throws {
        let folder = try Self.folder(train: fault.bytes, test: Self.records(.cifar10, 1))
        let error = try #require(try openingError(.cifar10, folder.path))
        #expect(error.contains(fault.expected), "\(error)")
    }

    @Test func namesWhatIsThereInstead() throws {
        let folder = try TemporaryFolder()
        #expect(try openingError(.cifar10, folder.path)?.contains("has no data_batch_1.bin") == true)
        try folder.write("cifar-10-binary.tar.gz", [0x1F, 0x8B])
        #expect(try openingError(.cifar10, folder.path)?.contains("archive cifar-10-binary.tar.gz") == true)
        try folder.write("data_batch_1", [0x80, 4])
        try folder.write("test_batch", [0x80, 4])
        #expect(try openingError(.cifar10, folder.path)?.contains("Python version") == true)
        let archive = folder.path + "/cifar-10-binary.tar.gz"
        #expect(try openingError(.cifar10, archive)?.contains("is not a folder") == true)
        #expect(try openingError(.cifar10, folder.path + "/missing")?.contains("no such folder") == true)
    }

    /// A pipe in a file's place is refused, not waited for.
    @Test(.timeLimit(.minutes(10))) func pipesAreRefused() throws {
        let folder = try TemporaryFolder()
        #expect(mkfifo(folder.path + "/pipe", 0o600) == 0)
        let error = try dataError { _ = try FileBytes.read(folder.path + "/pipe", bytesMax: 100) }
        #expect(error?.contains("is not a regular file") == true)
    }
}

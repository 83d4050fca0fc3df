import Foundation
import Testing

@testable import ImageData

struct FolderTests {
    /// Two classes, in wnids.txt not in the order of their names.
    static func tiny() throws -> TemporaryFolder {
        let folder = try TemporaryFolder()
        try folder.write("wnids.txt", "n02\nn01\n")
        for image in 0..<3 { try folder.write("train/n01/images/n01_\(image).JPEG", TestJpegs.colour64) }
        try folder.write("train/n02/images/n02_0.JPEG", TestJpegs.gray64)
        try folder.write("val/images/val_0.JPEG", TestJpegs.colour64)
        try folder.write("val/images/val_1.JPEG", TestJpegs.gray64)
        try folder.write(
            "val/val_annotations.txt", "val_1.JPEG\tn02\t0\t0\t9\t9\r\nval_0.JPEG\tn01\t1\t1\t2\t2")
        return folder
    }

    static func imageFolder() throws -> TemporaryFolder {
        let folder = try TemporaryFolder()
        try folder.write("train/bee/b.JPEG", TestJpegs.colour60x45)
        try folder.write("train/bee/a.jpg", TestJpegs.colour64)
        try folder.write("train/bee/more/c.Jpeg", TestJpegs.colour1x50)
        try folder.write("train/ant/x.jpeg", TestJpegs.gray64)
        try folder.write("train/bee/.DS_Store", "x")
        try folder.write("train/bee/Thumbs.db", "x")
        try folder.write("train/stray.JPEG", "not looked at")
        try folder.write("val/bee/y.JPEG", TestJpegs.colour60x45)
        return folder
    }

    @Test func tinyImageNetTakesLabelsFromWnids() throws {
        let folder = try Self.tiny()
        let sets = try openImageSets(DataOptions(format: .tinyImageNet, path: folder.path))
        #expect(sets.train.classNames == ["n02", "n01"])
        #expect((0..<4).map(sets.train.label) == [0, 1, 1, 1])
        #expect((0..<2).map(sets.test.label) == [0, 1])
        #expect(sets.train.imageShape == (3, 64, 64))
        // Gray becomes three equal channels: the first pixel of gray64 is 148 (by Pillow).
        let gray = try sets.test.image(0)
        let table = Normalization(.tinyImageNet).table
        #expect(Array(gray[0..<3]) == [table[148], table[256 + 148], table[512 + 148]])
        // The corners of colour64: red grows to the right, green falls downwards (values by Pillow).
        let colour = try sets.test.image(1)
        let corner = 3 * (64 * 64 - 1)
        #expect(Array(colour[0..<3]) == [table[43], table[256 + 218], table[512 + 63]])
        #expect(Array(colour[corner..<corner + 3]) == [table[214], table[256 + 64], table[512 + 174]])
    }

    @Test func tinyImageNetFlips() throws {
        let folder = try Self.tiny()
        let train = try openImageSets(DataOptions(format: .tinyImageNet, path: folder.path)).train
        let plain = try train.image(1)
        var flips = 0
        for epoch in 0..<16 {
            let draw = Augmentation.Draw(seed: 1, epoch: epoch, sample: 1)
            let image = try train.image(1, draw)
            let isSame = (0..<64 * 64).allSatisfy { pixel in
                let column = draw.flips ? 63 - pixel % 64 : pixel % 64
                return image[3 * pixel] == plain[3 * (pixel / 64 * 64 + column)]
            }
            #expect(isSame)
            if draw.flips { flips += 1 }
        }
        #expect(flips > 0 && flips < 16)
    }

    @Test func imageFolderSortsClassesAndWalksDown() throws {
        let folder = try Self.imageFolder()
        let sets = try openImageSets(DataOptions(format: .imageFolder, path: folder.path, imageSize: 16))
        #expect(sets.train.classNames == ["ant", "bee"])
        #expect((0..<4).map(sets.train.label) == [0, 1, 1, 1])
        #expect(sets.test.count == 1 && sets.test.label(0) == 1)
        for index in 0..<4 {
            #expect(try sets.train.image(index).allSatisfy { $0.isFinite && abs($0) < 3 })
            for epoch in 0..<5 {
                let draw = Augmentation.Draw(seed: 1, epoch: epoch, sample: index)
                #expect(try sets.train.image(index, draw).allSatisfy { $0.isFinite && abs($0) < 3 })
            }
        }
    }

    /// Resize to 24×18, then the centred 16×16, as `Resize(18)` and `CenterCrop(16)` over Pillow give.
    @Test func imageFolderEvaluationAgreesWithPillow() throws {
        let folder = try Self.imageFolder()
        let test = try openImageSets(DataOptions(format: .imageFolder, path: folder.path, imageSize: 16)).test
        let image = try test.image(0)
        let mean = [0.485, 0.456, 0.406]
        let deviation = [0.229, 0.224, 0.225]
        let bytes = image.enumerated().map {
            Int(((Double($1) * deviation[$0 % 3] + mean[$0 % 3]) * 255).rounded())
        }
        #expect(Array(bytes[0..<3]) == [72, 209, 58])
        #expect(Array(bytes[45..<48]) == [189, 207, 67])
        #expect(Array(bytes[(3 * 255)...]) == [188, 73, 151])
        let sums = (0..<3).map { channel in stride(from: channel, to: 768, by: 3).reduce(0) { $0 + bytes[$1] }
        }
        #expect(sums == [33442, 35798, 22855])
    }

    struct Fault: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let format: DataFormat
        let expected: String
        let spoil: @Sendable (TemporaryFolder) throws -> Void
    }

    static let faults = [
        Fault(testDescription: "wnid repeated", format: .tinyImageNet, expected: "line 3 repeats class n02") {
            try $0.write("wnids.txt", "n02\nn01\nn02\n")
        },
        Fault(testDescription: "wnid with path", format: .tinyImageNet, expected: "line 1 is no class name") {
            try $0.write("wnids.txt", "../n02\n")
        },
        Fault(testDescription: "no wnids", format: .tinyImageNet, expected: "wnids.txt: names no class") {
            try $0.write("wnids.txt", "\n \n")
        },
        Fault(
            testDescription: "class unlisted", format: .tinyImageNet,
            expected: "train/n01 is not in wnids.txt"
        ) {
            try $0.write("wnids.txt", "n02\n")
        },
        Fault(
            testDescription: "class unknown", format: .tinyImageNet,
            expected: "class n03 has no folder in train"
        ) {
            try $0.write("wnids.txt", "n02\nn01\nn03\n")
        },
        Fault(
            testDescription: "absolute name", format: .tinyImageNet, expected: "line 1 is no plain file name"
        ) {
            try $0.write("val/val_annotations.txt", "/etc/passwd\tn01\n")
        },
        Fault(
            testDescription: "folder as name", format: .tinyImageNet,
            expected: "line 1 is no plain file name: .."
        ) {
            try $0.write("val/val_annotations.txt", "..\tn01\n")
        },
        Fault(testDescription: "control characters", format: .tinyImageNet, expected: "\\u{1b}[31m") {
            try $0.write("val/val_annotations.txt", "\u{1B}[31mval\tn01\n")
        },
        Fault(
            testDescription: "class not in train", format: .imageFolder,
            expected: "class wasp of val is not in train"
        ) {
            try $0.write("val/wasp/w.JPEG", TestJpegs.gray64)
        },
        Fault(
            testDescription: "class empty", format: .imageFolder, expected: "class wasp has no JPEG in train"
        ) {
            try $0.makeFolder("train/wasp")
        },
        Fault(testDescription: "other image", format: .imageFolder, expected: "train/ant/x.png is not a JPEG")
        {
            try $0.write("train/ant/x.png", "x")
        },
        Fault(testDescription: "loop of links", format: .imageFolder, expected: "was reached before") {
            for name in ["a", "b", "c"] {
                try FileManager.default.createSymbolicLink(
                    atPath: $0.path + "/train/ant/" + name, withDestinationPath: $0.path + "/train/ant")
            }
        },
        Fault(
            testDescription: "dangling link", format: .imageFolder, expected: "ant/gone.JPEG: does not exist"
        ) {
            try FileManager.default.createSymbolicLink(
                atPath: $0.path + "/train/ant/gone.JPEG", withDestinationPath: "/nonexistent/file")
        },
        Fault(testDescription: "Unicode forms", format: .imageFolder, expected: "in two Unicode forms") {
            try $0.write("train/caf\u{E9}/x.JPEG", TestJpegs.gray64)
            try $0.write("train/cafe\u{301}/x.JPEG", TestJpegs.gray64)
        },
        Fault(testDescription: "no val", format: .imageFolder, expected: "no known class has a JPEG in val") {
            try FileManager.default.removeItem(atPath: $0.path + "/val/bee")
        },
    ]

    @Test(.timeLimit(.minutes(10)), arguments: faults)
    func refusesFaults(_ fault: Fault) throws {
        let folder = fault.format == .imageFolder ? try Self.imageFolder() : try Self.tiny()
        try fault.spoil(folder)
        let error = try #require(try openingError(fault.format, folder.path))
        #expect(error.contains(fault.expected), "\(error)")
    }

    @Test func unreadableImagesThrowWhenWritten() throws {
        let folder = try Self.tiny()
        let train = try openImageSets(DataOptions(format: .tinyImageNet, path: folder.path)).train
        try folder.write("train/n02/images/n02_0.JPEG", Array(TestJpegs.gray64.prefix(200)))
        let truncated = try dataError { _ = try train.image(0) }
        #expect(truncated?.contains("n02_0.JPEG: is a damaged JPEG") == true, "\(truncated ?? "accepted")")
        try folder.write("train/n02/images/n02_0.JPEG", TestJpegs.colour60x45)
        #expect(try dataError { _ = try train.image(0) }?.contains("is 60×45, not 64×64") == true)
        try FileManager.default.removeItem(atPath: folder.path + "/train/n02/images/n02_0.JPEG")
        #expect(try dataError { _ = try train.image(0) }?.contains("n02_0.JPEG: does not exist") == true)
        _ = try train.image(1)
    }

    @Test func fingerprintTellsSetsApart() throws {
        let folder = try Self.imageFolder()
        func fingerprint() throws -> String {
            try openImageSets(DataOptions(format: .imageFolder, path: folder.path, imageSize: 16)).train
                .fingerprint
        }
        let base = try fingerprint()
        #expect(try fingerprint() == base)
        try folder.write("train/bee/b.JPEG", TestJpegs.colour64)
        #expect(try fingerprint() != base)
        try folder.write("train/bee/b.JPEG", TestJpegs.colour60x45)
        #expect(try fingerprint() == base)
        try folder.write("train/bee/d.JPEG", TestJpegs.gray64)
        #expect(try fingerprint() != base)
    }
}

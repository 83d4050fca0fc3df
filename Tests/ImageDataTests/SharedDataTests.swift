import Foundation
import Testing

@testable import ImageData

/// The real images beside the repository: counts and labels as their READMEs tell, every odd JPEG decoded.
@Suite(.enabled(if: SharedData.isPresent), .timeLimit(.minutes(10)))
struct SharedDataTests {
    struct Set: Sendable, CustomTestStringConvertible {
        let format: DataFormat
        let folder: String
        let train: Int
        let test: Int
        let classes: Int

        var testDescription: String { folder }
    }

    static let sets = [
        Set(format: .cifar10, folder: "cifar10-dev", train: 10_000, test: 2_000, classes: 10),
        Set(format: .cifar100, folder: "cifar100-dev", train: 5_000, test: 1_000, classes: 100),
        Set(format: .tinyImageNet, folder: "tiny-imagenet-dev", train: 4_000, test: 500, classes: 20),
        Set(format: .imageFolder, folder: "imagenet-dev", train: 69, test: 28, classes: 10),
        Set(format: .imageFolder, folder: "imagewoof-dev", train: 800, test: 200, classes: 10),
    ]

    private func open(_ set: Set) throws -> (train: any ImageSet, test: any ImageSet) {
        try openImageSets(DataOptions(format: set.format, path: SharedData.root + "/" + set.folder))
    }

    @Test(arguments: sets)
    func counts(_ set: Set) throws {
        let sets = try open(set)
        #expect(sets.train.count == set.train && sets.test.count == set.test)
        #expect(sets.train.classNames.count == set.classes && sets.train.classNames == sets.test.classNames)
        var perClass = [Int](repeating: 0, count: set.classes)
        for index in 0..<set.train { perClass[sets.train.label(index)] += 1 }
        if set.folder != "imagenet-dev" { #expect(perClass.allSatisfy { $0 == set.train / set.classes }) }
        for index in stride(from: 0, to: set.train, by: set.train / 10) {
            let draw = Augmentation.Draw(seed: 0, epoch: 0, sample: index)
            #expect(try sets.train.image(index, draw).allSatisfy { abs($0) < 3 })
        }
        for index in stride(from: 0, to: set.test, by: set.test / 5) {
            #expect(try sets.test.image(index).allSatisfy { abs($0) < 3 })
        }
    }

    /// The first record of data_batch_1: a frog (label 6) whose red plane begins 59 43 50.
    @Test func firstCifarRecord() throws {
        let train = try open(Self.sets[0]).train
        #expect(train.label(0) == 6)
        let table = Normalization(.cifar10).table
        let image = try train.image(0)
        #expect([image[0], image[3], image[6]] == [table[59], table[43], table[50]])
    }

    @Test func cifar100Names() throws {
        let names = try String(
            contentsOfFile: SharedData.root + "/cifar100-dev/fine_label_names.txt", encoding: .utf8)
        #expect(names.split(whereSeparator: \.isNewline).map(String.init) == CifarLayout.cifar100Names)
    }

    @Test func tinyImageNetLabels() throws {
        let names = try open(Self.sets[2]).train.classNames
        #expect(names.first == "n04099969" && names.last == "n02226429")
    }

    @Test func oddImagesDecode() throws {
        let folder = SharedData.root + "/imagenet-dev/odd"
        let names = try Folder.entries(folder).map(\.name)
        #expect(names.count == 17)
        let decoder = try JpegDecoder()
        for name in names {
            let image = try decoder.decode(path: folder + "/" + name)
            #expect(image.width > 0 && image.height > 0)
        }
    }
}

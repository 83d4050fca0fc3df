import Testing

@testable import ImageData

struct DataErrorTests {
    @Test func isOnePrintableBoundedLine() {
        let error = DataError(
            "a\nb\u{1B}[0m\u{202E}", at: String(repeating: "x", count: 100_000), advice: "c\r\nd")
        #expect(!error.description.unicodeScalars.contains { $0.value < 0x20 || $0.value == 0x202E })
        #expect(error.description.count < 3 * DataError.charactersMax)
        #expect(error.problem == "a\\u{a}b\\u{1b}[0m\\u{202e}")
    }

    @Test(arguments: DataFormat.allCases)
    func foldersAreNeeded(_ format: DataFormat) throws {
        let error = try openingError(format, "")
        #expect((error != nil) == format.needsPath)
        if let error { #expect(error.contains("set data.path")) }
    }

    @Test func formatsHaveTheNamesOfRecipes() {
        let names = ["synthetic", "cifar10", "cifar100", "tiny-imagenet", "imagefolder"]
        #expect(DataFormat.allCases.map(\.name) == names)
    }

    @Test(arguments: [
        (DataFormat.cifar10, 64), (.tinyImageNet, 32), (.synthetic, 0), (.imageFolder, 7),
        (.imageFolder, 100_000),
    ])
    func imageSizesAreChecked(_ format: DataFormat, _ size: Int) throws {
        let error = try dataError {
            _ = try openImageSets(DataOptions(format: format, path: "/", imageSize: size))
        }
        #expect(error?.contains("data.image_size: \(size)") == true)
    }
}

/// Where the two CIFAR sets keep their records, and how a record is made up: label bytes, then 1,024 bytes
/// each of red, green and blue, rows from the top (www.cs.toronto.edu/~kriz/cifar.html, "Binary version").
struct CifarLayout: Sendable {
    let format: DataFormat
    /// Folder name inside the official archive.
    let folder: String
    /// Bound of each label byte; the last one is trained on.
    let labelBounds: [Int]
    let classNames: [String]

    static let side = 32
    static let pixelBytes = 3 * side * side
    static let fileBytesMax = 1 << 30

    var recordBytes: Int { labelBounds.count + Self.pixelBytes }

    static let cifar10 = CifarLayout(
        format: .cifar10, folder: "cifar-10-batches-bin", labelBounds: [10], classNames: cifar10Names)

    /// The coarse label is checked for its range only; whether it suits the fine label is not looked at.
    static let cifar100 = CifarLayout(
        format: .cifar100, folder: "cifar-100-binary", labelBounds: [20, 100], classNames: cifar100Names)

    /// Names of the training and test files present in a folder.
    func isTrainFile(_ name: String) -> Bool {
        format == .cifar100 ? name == "train.bin" : name.hasPrefix("data_batch_") && name.hasSuffix(".bin")
    }

    var testFile: String { format == .cifar100 ? "test.bin" : "test_batch.bin" }
    var trainFiles: String { format == .cifar100 ? "train.bin" : "data_batch_1.bin … data_batch_5.bin" }

    /// Names whose presence tells that the Python version was downloaded.
    var pickleNames: [String] {
        format == .cifar100 ? ["train", "test", "meta"] : ["data_batch_1", "test_batch"]
    }

    static let cifar10Names = [
        "airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck",
    ]
}

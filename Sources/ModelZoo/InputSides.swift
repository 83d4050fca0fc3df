/// From which input side on, in pixels, networks reduce images as on the larger data sets. The papers' code
/// decides by the data set; sides between two are counted to the smaller.
enum InputSides {
    /// Tiny-ImageNet's. Below, images are CIFAR's (32).
    static let tinyImageNet = 64
    /// Between Tiny-ImageNet's 64 and ImageNet's 224.
    static let imageNet = 96
}

import Training
@main
struct Espalier {
    static func main() throws { try scratchTrain(CommandLine.arguments[1], threads: Int(CommandLine.arguments[2])!) }
}

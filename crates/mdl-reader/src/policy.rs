/// How deviations are weighed. What is essential to trust is rejected under all three.
#[derive(Clone, Copy, Debug, Default, Eq, Hash, PartialEq)]
pub enum Policy {
    /// Also rejects what the standard asks only of issuers, and every encoding deviation.
    Strict,
    /// The standard's verification; deviations it does not make the reader reject are warnings.
    #[default]
    Iso,
    /// Also tolerates deviations known of fielded wallets, and lists each.
    Interop,
}

impl Policy {
    /// Name in reports and on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Self::Strict => "strict",
            Self::Iso => "iso",
            Self::Interop => "interop",
        }
    }
}

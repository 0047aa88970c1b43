//! What drivers print of a shader that they compile.

use std::fmt;
use std::str::FromStr;

/// What a compiler made of a shader.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Statistics {
    /// Registers of an invocation; of AMD vector registers.
    pub registers: u32,
    /// Registers that were put into memory; of Adreno stores into private memory.
    pub spills: u32,
    /// Bytes of memory of an invocation; of Adreno loads from it.
    pub scratch: u32,
    /// How many can run side by side: subgroups (of Apple threads), in the unit of the driver.
    pub occupancy: u32,
}

impl fmt::Display for Statistics {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { registers, spills, scratch, occupancy } = self;
        write!(formatter, "{registers} / {spills} / {scratch} / {occupancy}")
    }
}

impl FromStr for Statistics {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let numbers = text.split('/').map(|number| number.trim().parse().map_err(drop));
        let numbers: Vec<u32> = numbers.collect::<Result<_, _>>()?;
        let [registers, spills, scratch, occupancy] = numbers[..] else { return Err(()) };
        Ok(Self { registers, spills, scratch, occupancy })
    }
}

/// The variable that makes the driver of a device print them, and its value.
pub fn variable(device: &str) -> (&'static str, &'static str) {
    match device.split(':').next() {
        Some("amd") => ("RADV_DEBUG", "shaderstats,nocache"),
        Some("nvidia") => ("NAK_DEBUG", "print"),
        Some("apple") => ("AGX_MESA_DEBUG", "shaderdb"),
        Some("adreno") => ("IR3_SHADER_DEBUG", "cs"),
        _ => panic!("{device}: nothing is known of its statistics"),
    }
}

/// Reads what the driver of a device prints, line by line: those of the last shader count.
#[derive(Debug, Default)]
pub struct Reader {
    now: Statistics,
    is_complete: bool,
}

impl Reader {
    /// What was found since the last call, if it is whole.
    pub fn take(&mut self) -> Option<Statistics> {
        let Self { now, is_complete } = std::mem::take(self);
        is_complete.then_some(now)
    }

    /// Reads a line.
    pub fn line(&mut self, device: &str, line: &str) {
        match device.split(':').next() {
            Some("amd") => self.amd(line),
            Some("nvidia") => self.nvidia(line),
            Some("apple") => self.apple(line),
            Some("adreno") => self.adreno(line),
            _ => panic!("{device}: nothing is known of its statistics"),
        }
    }

    fn amd(&mut self, line: &str) {
        let Some((key, value)) = line.split_once(": ") else { return };
        let Ok(value) = value.trim().parse() else { return };
        match key {
            "VGPRs" => self.now = Statistics { registers: value, ..Statistics::default() },
            "Spilled SGPRs" | "Spilled VGPRs" => self.now.spills += value,
            "Scratch size" => self.now.scratch = value,
            "Subgroups per SIMD" => {
                self.now.occupancy = value;
                self.is_complete = true;
            }
            _ => {}
        }
    }

    fn nvidia(&mut self, line: &str) {
        let Some((key, value)) = line.split_once(": ") else { return };
        let Ok(value) = value.trim().parse() else { return };
        match key {
            "Max warps/SM" => self.now.occupancy = value,
            "Spills to mem" => self.now.spills = value,
            "Num GPRs" => self.now.registers = value,
            "SLM size" => {
                self.now.scratch = value;
                self.is_complete = true;
            }
            _ => {}
        }
    }

    fn apple(&mut self, line: &str) {
        let Some(parts) = line.strip_prefix("CS shader: ") else { return };
        self.now = Statistics::default();
        for part in parts.split(", ") {
            let Some((value, unit)) = part.split_once(' ') else { continue };
            let value = value.split(':').next().and_then(|value| value.parse().ok());
            match (unit, value) {
                ("gprs", Some(value)) => self.now.registers = value,
                ("scratch", Some(value)) => self.now.scratch = value,
                ("threads", Some(value)) => self.now.occupancy = value,
                ("spills:fills", Some(value)) => self.now.spills = value,
                _ => {}
            }
        }
        self.is_complete = true;
    }

    /// Stores into private memory and loads from it are counted: nothing says how many were spilled.
    fn adreno(&mut self, line: &str) {
        let line = line.strip_prefix("MESA: info: ").unwrap_or(line);
        if line.starts_with("NIR (final form)") {
            *self = Self::default();
        }
        let Some(parts) = line.strip_prefix("; CL prog ") else {
            self.now.spills += u32::from(line.contains("stp."));
            self.now.scratch += u32::from(line.contains("ldp."));
            return;
        };
        let parts = parts.split_once(": ").map_or("", |(_, parts)| parts);
        for part in parts.split(", ") {
            let Some((value, unit)) = part.split_once(' ') else { continue };
            match (unit.trim(), value.parse()) {
                ("full", Ok(value)) => self.now.registers = value,
                ("max_waves", Ok(value)) => {
                    self.now.occupancy = value;
                    self.is_complete = true;
                }
                _ => {}
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(device: &str, text: &str) -> Option<Statistics> {
        let mut reader = Reader::default();
        text.lines().for_each(|line| reader.line(device, line));
        reader.take()
    }

    fn statistics(numbers: [u32; 4]) -> Statistics {
        let [registers, spills, scratch, occupancy] = numbers;
        Statistics { registers, spills, scratch, occupancy }
    }

    #[test]
    fn what_each_driver_prints_is_read() {
        let amd = "\nCompute Shader:\n*** SHADER STATS ***\nSGPRs: 108\nVGPRs: 96\nSpilled SGPRs: 1\n\
            Spilled VGPRs: 3\nCode size: 5508\nLDS size: 0\nScratch size: 16\n\
            Subgroups per SIMD: 12\nPre-Sched VGPRs: 59\n";
        assert_eq!(read("amd:navi31", amd), Some(statistics([96, 4, 16, 12])));
        let nvidia = "Stage: compute\nInstruction count: 16\nStatic cycle count: 127\n\
            Max warps/SM: 48\nSpills to mem: 2\nSpills to reg: 17\nFills from mem: 3\n\
            Fills from reg: 0\nNum GPRs: 24\nSLM size: 8\nEncoded shader:\n";
        assert_eq!(read("nvidia:0x172", nvidia), Some(statistics([24, 2, 8, 48])));
        let apple = "libEGL warning: no driver\nCS shader: 955 instrs, 792 alu, 792 fscib, 276 ic, \
            6944 code size, 145 gprs, 186 uniforms, 32 scratch, 640 threads, 3 loops, \
            5:7 spills:fills, 123 preamble inst\n";
        assert_eq!(read("apple", apple), Some(statistics([145, 5, 32, 640])));
        let adreno = "MESA: info: NIR (final form) for CL shader (null):\n\
            MESA: info: stp.u32 p[r0.x], r1.x, 1\nMESA: info: (sy)ldp.u32 r0.x, p[r0.x], 1\n\
            MESA: info: ; CL prog 21/1: 892 instr, 31 nops, 28 mov, 2 cov, 1922 dwords\n\
            MESA: info: ; CL prog 21/1: 0 last-helper, 0 half, 19 full, 24 constlen\n\
            MESA: info: ; CL prog 21/1: 10 max_waves, 0 double_threadsize\n";
        assert_eq!(read("adreno:740", adreno), Some(statistics([19, 1, 1, 10])));
    }

    #[test]
    fn half_of_what_a_driver_prints_is_nothing() {
        assert_eq!(read("amd:navi31", "VGPRs: 96\nSpilled VGPRs: 3\n"), None);
        assert_eq!(read("nvidia:0x172", "error: no such device\n"), None);
    }

    #[test]
    fn what_is_written_into_the_table_is_read_back() {
        let written = statistics([96, 4, 16, 12]);
        assert_eq!(written.to_string().parse(), Ok(written));
        assert_eq!("—".parse::<Statistics>(), Err(()));
        assert_eq!("1 / 2 / 3".parse::<Statistics>(), Err(()));
    }
}

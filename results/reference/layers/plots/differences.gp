# Differences across data sets and splits
# Draws differences.svg, differences.pdf and differences.png from differences.csv, in this folder: gnuplot differences.gp
# 'mofi report' writes this file anew; for a style of your own, keep a copy under another name.
reset session
data = 'differences.csv'
set datafile separator comma
set encoding utf8
set border 3 lc rgb '#444444'
set tics nomirror out scale 0.5 textcolor rgb '#222222'
set grid ytics lt 1 lw 0.5 lc rgb '#DDDDDD'
set style fill solid 1 noborder
set bars 0
do for [format in 'svg pdf png'] {
  small = format eq 'svg' ? ',10' : ',7.5'
  if (format eq 'svg') { set terminal svg noenhanced size 792,912 font 'DejaVu Sans,12' }
  if (format eq 'pdf') { set terminal pdfcairo noenhanced size 8.250in,9.500in font 'DejaVu Sans,9' fontscale 1 }
  if (format eq 'png') { set terminal pngcairo noenhanced size 1584,1824 font 'DejaVu Sans,9' fontscale 2 linewidth 2 pointscale 2 }
  set output 'differences.'.format
  set lmargin at screen 0.3788
  set rmargin at screen 0.7323
  set tmargin at screen 0.9934
  set bmargin at screen 0.0658
  set border 1
  unset grid
  set grid xtics lt 1 lw 0.5 lc rgb '#DDDDDD'
  unset key
  set xrange [-36.28:25.43]
  set yrange [37.7:-0.7]
  set y2range [37.7:-0.7]
  set ytics scale 0 ()
  set y2tics scale 0 ()
  set xlabel 'difference of accuracy, percentage points'
  set arrow from 0, graph 0 to 0, graph 1 nohead back lc rgb '#555555' lw 1
  set label 'emopia' at screen 0.012, first 0 left textcolor rgb '#000000'
  set label 'vgmidi' at screen 0.012, first 19 left textcolor rgb '#000000'
  plot data using (column('difference')):(column('line')):(column('low')):(column('high')):ytic(strcol('arm')):y2tic(strcol('right')) with xerrorbars lc rgb '#0072B2' lw 1.6 pt 5 ps 0.7
  unset arrow
  unset label
}
set output
